import { deadlineExceeded, type KubeConnection, type Outgoing } from "./connection.ts";
import { retryAfterMs } from "./retry-after.ts";

export interface Answer {
  readonly status: number;
  readonly json: boolean;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
}

/** Also with a more exact name, as `application/jwk-set+json`. */
const JSON_TYPE = /^application\/([^;]+\+)?json\b/;

/** Sends one request once, and reads its whole answer, whatever its status. Rejects with a `KubeError` of status 0, or the signal's reason. */
export function exchange(connection: KubeConnection, outgoing: Outgoing, deadlineMs: number, signal?: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const chunks: Buffer[] = [];
    let status = 0;
    let json = false;
    let retryMs: number | undefined;

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
      },
      onData(chunk) {
        chunks.push(chunk);
      },
      onEnd() {
        settle();
        const text = chunks.length === 1 ? (chunks[0] as Buffer).toString() : Buffer.concat(chunks).toString();
        resolve({ status, json, text, retryAfterMs: retryMs });
      },
      onError(error) {
        settle();
        reject(error);
      },
    });
    function onAbort(): void {
      abort(signal?.reason);
    }
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
