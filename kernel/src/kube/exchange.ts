import { deadlineExceeded, type KubeConnection, type Outgoing } from "./connection.ts";
import { KubeError, UNREACHABLE } from "./errors.ts";
import type { BodyReader } from "./request.ts";
import { retryAfterMs } from "./retry-after.ts";

export interface Answer {
  readonly status: number;
  readonly json: boolean;
  /** Empty where `value` is there. */
  readonly text: string;
  /** What the reader made of the body. */
  readonly value?: unknown;
  readonly retryAfterMs: number | undefined;
}

/** Also with a more exact name, as `application/jwk-set+json`. */
const JSON_TYPE = /^application\/([^;]+\+)?json\b/;

/** Sends one request once, and reads its whole answer, whatever its status. Rejects with a `KubeError` of status 0, or the signal's reason. */
export function exchange(
  connection: KubeConnection,
  outgoing: Outgoing,
  deadlineMs: number,
  signal?: AbortSignal,
  read?: () => BodyReader<unknown>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const chunks: Buffer[] = [];
    let status = 0;
    let json = false;
    let retryMs: number | undefined;
    let reader: BodyReader<unknown> | undefined;

    function settle(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
    const timer = setTimeout(() => abort(deadlineExceeded(outgoing.method, outgoing.path, deadlineMs)), deadlineMs);
    const abort = connection.send("request", outgoing, {
      onHead(received, headers) {
        status = received;
        json = JSON_TYPE.test(String(headers["content-type"]));
        if (status >= 400) retryMs = retryAfterMs(headers["retry-after"]);
        else if (json) reader = read?.();
      },
      onData(chunk) {
        if (reader === undefined) chunks.push(chunk);
        else tryTo(() => reader?.push(chunk));
      },
      onEnd() {
        settle();
        if (reader !== undefined) return tryTo(() => resolve({ status, json, text: "", value: reader?.end(), retryAfterMs: retryMs }));
        const text = chunks.length === 1 ? (chunks[0] as Buffer).toString() : Buffer.concat(chunks).toString();
        resolve({ status, json, text, retryAfterMs: retryMs });
      },
      onError(error) {
        settle();
        reject(error);
      },
    });
    /** An answer that cannot be read is none. */
    function tryTo(step: () => void): void {
      try {
        step();
      } catch (error) {
        settle();
        reject(new KubeError(0, UNREACHABLE, `The answer to ${outgoing.method} ${outgoing.path} cannot be read.`, { cause: error }));
        abort(error as Error);
      }
    }
    function onAbort(): void {
      abort(signal?.reason);
    }
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
