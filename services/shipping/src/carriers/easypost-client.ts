import { CarrierRefusal } from "../domain/carrier.ts";

export interface EasyPostOptions {
  /** `https://api.easypost.com`, or wherever the simulator is. */
  readonly url: string;
  readonly apiKey: string;
  readonly timeoutMs: number;
}

/** Asks EasyPost. Throws `CarrierRefusal` for a plain no; anything else thrown means that nobody knows. */
export type EasyPostClient = (method: "GET" | "POST", path: string, body?: object) => Promise<unknown>;

/** Refusals that do not say that nothing was done: somebody else may be at it, or the carrier behind EasyPost may have been. */
const UNCERTAIN: ReadonlySet<string> = new Set([
  "SHIPMENT.PURCHASE.IN_PROGRESS",
  "SHIPMENT.POSTAGE.TIMED_OUT",
  "SHIPMENT.POSTAGE.NO_RESPONSE",
]);
/** Request timeout, conflict, too many requests. */
const ASK_AGAIN: ReadonlySet<number> = new Set([408, 409, 429]);

export function createEasyPostClient({ url, apiKey, timeoutMs }: EasyPostOptions): EasyPostClient {
  const authorization = `Basic ${Buffer.from(`${apiKey}:`).toString("base64")}`;
  return async (method, path, body) => {
    const response = await fetch(`${url}/v2/${path}`, {
      method,
      headers: { authorization, accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer: unknown = await response.json();
    if (response.ok) return answer;
    const { code, message } = errorIn(answer);
    const what = `EasyPost answered ${method} ${path} with ${response.status} ${code}`;
    if (response.status >= 500 || ASK_AGAIN.has(response.status) || UNCERTAIN.has(code)) throw new Error(what);
    throw new CarrierRefusal(code, message || what);
  };
}

function errorIn(answer: unknown): { code: string; message: string } {
  const { error } = (answer ?? {}) as { error?: { code?: unknown; message?: unknown } };
  return { code: String(error?.code ?? ""), message: String(error?.message ?? "") };
}
