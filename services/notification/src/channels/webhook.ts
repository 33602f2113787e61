import { request } from "undici";
import { type Deliver, Undelivered } from "../domain/attempt.ts";
import type { Outgoing } from "../domain/delivery.ts";
import { guardedAgent, PrivateAddressError } from "./guarded-agent.ts";
import { signatureHeaders, webhookSecret } from "./webhook-secret.ts";

export interface WebhookSettings {
  readonly signingKey: string;
  readonly timeoutMs: number;
  readonly allowPrivate: boolean;
}

export interface WebhookChannel {
  readonly deliver: Deliver;
  close(): Promise<void>;
}

/** Webhooks by the Standard Webhooks specification: a signed POST that a 2xx answers. Redirects are not followed. */
export function webhookChannel(settings: () => WebhookSettings): WebhookChannel {
  const agent = guardedAgent(() => settings().allowPrivate);
  return {
    async deliver(outgoing, signal) {
      const { delivery } = outgoing;
      const { signingKey, timeoutMs } = settings();
      const url = new URL(delivery.destination);
      const body = payloadOf(outgoing);
      const secret = webhookSecret(signingKey, delivery.tenantId, url.origin);
      const headers = {
        "content-type": "application/json",
        "user-agent": "Plinth-Webhooks/1",
        ...signatureHeaders(secret, delivery.id, body, new Date()),
      };
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        const answer = await request(url, { method: "POST", headers, body, signal: limit, dispatcher: agent });
        // Its text is of no use to us; what is more than a little ends the connection instead of being read.
        await answer.body.dump({ limit: 16 * 1024, signal: limit });
        if (answer.statusCode >= 200 && answer.statusCode < 300) return "";
        throw refused(answer.statusCode, answer.headers["retry-after"]);
      } catch (error) {
        if (error instanceof Undelivered) throw error;
        const timedOut = limit.aborted && !signal.aborted;
        const reason = timedOut ? `no answer within ${timeoutMs} ms` : (error as Error).message;
        throw new Undelivered(`webhook: ${reason}`, { permanent: error instanceof PrivateAddressError, cause: error });
      }
    },
    close: () => agent.close(),
  };
}

function payloadOf({ delivery, content }: Outgoing): string {
  const { id, category, template, createdAt } = delivery;
  const { subject, text, data } = content;
  return JSON.stringify({
    type: `notification.${category}`,
    timestamp: createdAt.toISOString(),
    data: { ...data, delivery_id: id, template, subject, text },
  });
}

/** 410: the receiver wants no more of these. */
function refused(status: number, retryAfter: string | string[] | undefined): Undelivered {
  const seconds = typeof retryAfter === "string" && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : 0;
  return new Undelivered(`webhook: the receiver answered ${status}`, { permanent: status === 410, retryAfterMs: seconds * 1000 });
}
