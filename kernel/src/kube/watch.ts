import type { KubeConnection } from "./connection.ts";
import { errorOfAnswer, errorOfStatus, KubeError, type StatusBody, UNREACHABLE } from "./errors.ts";
import { createLineSplitter } from "./line-splitter.ts";
import type { KubeObject } from "./object.ts";
import { retryAfterMs } from "./retry-after.ts";

export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";

interface WatchLine<T> {
  readonly type: WatchEventType | "ERROR";
  readonly object: T | StatusBody;
}

export interface WatchOptions<T> {
  /** With its query. */
  readonly path: string;
  readonly accept: string;
  /** Without a byte for so long, nobody is behind the socket. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
  /** In the order of the server. An event counts as received when this returns; what it throws ends the watch. */
  onEvent(type: WatchEventType, object: T): void;
}

/** How a watch ended. `undefined`: by the server in good order, because its time was up. Otherwise why, which is never for good. */
export type WatchEnd = KubeError | undefined;

/** The longest beginning of a refusal that is read. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/** One watch on one socket, until it ends. Never rejects. */
export function watchOnce<T extends KubeObject>(connection: KubeConnection, options: WatchOptions<T>): Promise<WatchEnd> {
  const { path, accept, idleMs, signal, onEvent } = options;
  return new Promise((resolve) => {
    let status = 0;
    let retryMs: number | undefined;
    let refusal = "";
    let over = false;

    function end(why: WatchEnd): void {
      if (over) return;
      over = true;
      clearTimeout(idle);
      signal.removeEventListener("abort", onAbort);
      resolve(why);
    }

    function cut(why: KubeError): void {
      end(why);
      abort(why);
    }

    const lines = createLineSplitter((line) => {
      if (over) return;
      const { type, object } = JSON.parse(line) as WatchLine<T>;
      if (type === "ERROR") cut(errorOfStatus(object as StatusBody));
      else onEvent(type, object as T);
    });

    const idle = setTimeout(() => cut(broken(`Nothing came for ${idleMs} ms.`)), idleMs);
    const abort = connection.send(
      "watch",
      { method: "GET", path, headers: { accept } },
      {
        onHead(received, headers) {
          idle.refresh();
          status = received;
          if (status >= 400) retryMs = retryAfterMs(headers["retry-after"]);
        },
        onData(chunk) {
          idle.refresh();
          if (over) return;
          if (status >= 400) {
            if (refusal.length < MAX_REFUSAL_BYTES) refusal += chunk.toString();
            return;
          }
          try {
            lines.push(chunk);
          } catch (error) {
            cut(broken("A line of the watch cannot be read.", error));
          }
        },
        onEnd() {
          if (status >= 400) end(errorOfAnswer(status, refusal, retryMs));
          else end(lines.pendingBytes === 0 ? undefined : broken("The watch ended in the middle of a line."));
        },
        onError(error) {
          end(error instanceof KubeError ? error : broken("The watch was cut.", error));
        },
      },
    );
    function onAbort(): void {
      cut(broken("The watch is no longer wanted."));
    }
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

function broken(message: string, cause?: unknown): KubeError {
  return new KubeError(0, UNREACHABLE, message, { cause });
}
