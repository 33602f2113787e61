import type { Logger } from "@plinth/kernel/logging";
import { type AttemptStore, afterFailure, type Deliver, type RetryRules } from "../domain/attempt.ts";
import type { ServedChannel } from "../domain/channel.ts";

export interface DeliverJob {
  readonly id: string;
}

/** Longer than any attempt takes: connect, greet, send. After it the process that made the attempt counts as dead. */
const LEASE_MS = 3 * 60_000;

/**
 * Makes one attempt. It is noted before and after, so of two jobs for a delivery one sends. When the process dies in between, nobody
 * knows whether the other side took the message: it is sent again under the same Message-ID or webhook-id.
 */
export function deliverer(
  attempts: AttemptStore,
  channels: Readonly<Record<ServedChannel, Deliver>>,
  rules: () => RetryRules,
  logger: Logger,
): (job: DeliverJob, inHand: { readonly signal: AbortSignal }) => Promise<void> {
  return async ({ id }, { signal }) => {
    const begun = await attempts.begin(id, new Date(), LEASE_MS);
    if (begun === undefined) return;
    if (begun instanceof Date) return attempts.lookAgain(id, begun);
    const { delivery } = begun;
    let providerId: string;
    try {
      providerId = await channels[delivery.channel](begun, signal);
    } catch (error) {
      const result = afterFailure(delivery, error, rules(), new Date());
      const about = { delivery: id, channel: delivery.channel, attempt: delivery.attempts, error };
      if (result.status === "failed") logger.error("A message could not be delivered, and is given up", about);
      else logger.warn("A message could not be delivered; another attempt follows", about);
      return attempts.finish(id, result);
    }
    await attempts.finish(id, { status: "sent", providerId, at: new Date() });
  };
}
