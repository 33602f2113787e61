import { type Clock, systemClock } from "@plinth/kernel/base";
import { isAlreadyExists, isConflict, isNotFound, type KubeClient } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import { createLeaseStore, type Lease } from "../kube/lease.ts";
import { winLease } from "./candidacy.ts";
import type { Fence } from "./fence.ts";
import { claimedSpec, holderOf, releasedSpec, renewedSpec } from "./lease-spec.ts";
import type { RuntimeMetrics } from "./runtime-metrics.ts";

export interface ElectorOptions {
  /** With a connection and limiter of its own: a storm of other requests must not keep the Lease from being renewed. */
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Of this replica, and of no other that may run at the same time: a Lease with this holder is taken without waiting. */
  readonly identity: string;
  /** How long a Lease that is not renewed keeps others out. Default 15 s. */
  readonly leaseMs?: number;
  /** How long after its last renewal the leader may still write. Below `leaseMs`. Default 10 s. */
  readonly renewMs?: number;
  /** Between renewals. Default 2 s. */
  readonly retryMs?: number;
  readonly metrics?: RuntimeMetrics;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** The time in which this replica leads. */
export interface Term {
  /** A clean stop: end what is in hand, and resolve; the Lease is renewed until then. */
  readonly stop: AbortSignal;
  /** Another replica may lead soon: what is in hand must not write any more. */
  readonly lost: AbortSignal;
}

/** One replica among several, of which one leads. */
export interface Elector extends Fence {
  readonly leading: boolean;
  /**
   * Waits until this replica leads, and calls `lead`. When `signal` aborts, or `lead` ends by itself, the Lease is released, and the answer is `stopped`.
   * When the Lease cannot be renewed in time the answer is `lost`, without waiting for `lead`: the process has to exit. To be called once.
   */
  run(lead: (term: Term) => Promise<void>, signal: AbortSignal): Promise<"stopped" | "lost">;
}

/** Leader election by a Lease, as client-go's; with a watch beside, so that a standby leads as soon as the Lease is released. */
export function createElector(options: ElectorOptions): Elector {
  const { client, namespace, name, identity, metrics, logger, clock = systemClock, random = Math.random } = options;
  const { leaseMs = 15_000, renewMs = 10_000, retryMs = 2000 } = options;
  const leases = createLeaseStore(client, { namespace, name });
  let leading = false;
  /** When the last renewal that arrived was sent. By both clocks: one stands still while the machine sleeps, the other may be set back. */
  let renewed = { elapsed: 0, now: 0 };
  metrics?.leading(name, false);

  const moment = (): typeof renewed => ({ elapsed: clock.elapsed(), now: clock.now() });

  function leftMs(): number {
    if (!leading) return 0;
    return Math.max(0, renewMs - Math.max(clock.elapsed() - renewed.elapsed, clock.now() - renewed.now));
  }

  function setLeading(leads: boolean): void {
    leading = leads;
    metrics?.leading(name, leads);
  }

  /** Renews once. Undefined: another replica has it. */
  async function renewOnce(lease: Lease, deadlineMs: number): Promise<Lease | undefined> {
    try {
      return await leases.replace(lease.metadata, renewedSpec(lease, clock.now()), { deadlineMs });
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
      const found = await leases.find({ deadlineMs });
      // Somebody deleted it: whoever is first makes a new one.
      if (found === undefined) return leases.create(claimedSpec(undefined, identity, leaseMs, clock.now()), { deadlineMs });
      if (holderOf(found) !== identity) return undefined;
      // Ours, with a note of somebody else's, or a renewal whose answer was lost.
      return leases.replace(found.metadata, renewedSpec(found, clock.now()), { deadlineMs });
    }
  }

  /** Renews until `over` aborts; then answers the Lease as it is. Undefined: it is lost. */
  async function keep(won: Lease, over: AbortSignal): Promise<Lease | undefined> {
    let lease = won;
    for (;;) {
      await clock.sleep(retryMs, over).catch(() => undefined);
      if (over.aborted) return lease;
      const sent = moment();
      try {
        const kept = await renewOnce(lease, Math.max(1, Math.min(renewMs / 2, renewMs - (sent.elapsed - renewed.elapsed))));
        if (kept === undefined) return undefined;
        lease = kept;
        renewed = sent;
      } catch (error) {
        if (isAlreadyExists(error)) return undefined;
        logger.warn("the Lease could not be renewed", { lease: name, left_ms: Math.round(leftMs()), error });
      }
      if (clock.elapsed() - renewed.elapsed >= renewMs) return undefined;
    }
  }

  /** Resolves when the renew deadline has passed, whatever a request is waiting for. */
  function deadline(over: AbortSignal): Promise<undefined> {
    return new Promise((resolve) => {
      function look(): void {
        const left = renewed.elapsed + renewMs - clock.elapsed();
        if (left <= 0) {
          resolve(undefined);
          return;
        }
        const cancel = clock.after(Math.ceil(left), () => {
          over.removeEventListener("abort", cancel);
          look();
        });
        over.addEventListener("abort", cancel, { once: true });
      }
      look();
    });
  }

  async function release(lease: Lease): Promise<void> {
    try {
      const deadlineMs = Math.max(1, renewMs - (clock.elapsed() - renewed.elapsed));
      await leases.replace(lease.metadata, releasedSpec(lease, clock.now()), { deadlineMs });
      logger.info("the Lease is released", { lease: name });
    } catch (error) {
      logger.warn("the Lease could not be released, and has to run out", { lease: name, error });
    }
  }

  async function serve(won: Lease, lead: (term: Term) => Promise<void>, stop: AbortSignal): Promise<"stopped" | "lost"> {
    const over = new AbortController();
    const lost = new AbortController();
    const kept = Promise.race([keep(won, over.signal), deadline(over.signal)]);
    const loss = kept.then((lease) => lease === undefined);
    const work = lead({ stop, lost: lost.signal });
    // Its failure is thrown at the end, when the Lease is released.
    const ended = work.then(
      () => false,
      () => false,
    );
    const isLost = await Promise.race([ended, loss]);
    // Whatever is left of the work cannot write from here on.
    setLeading(false);
    over.abort();
    const lease = await kept;
    if (isLost || lease === undefined) {
      logger.error("this replica could not renew the Lease, and leads no more", { lease: name });
      lost.abort(new DOMException("This replica leads no more.", "AbortError"));
      return "lost";
    }
    await release(lease);
    await work;
    return "stopped";
  }

  return {
    get leading() {
      return leftMs() > 0;
    },
    leftMs,
    async run(lead, signal) {
      const candidacy = { client, leases, namespace, name, identity, leaseMs, retryMs, logger, clock, random };
      let sent = moment();
      const won = await winLease(
        candidacy,
        () => {
          sent = moment();
        },
        signal,
      );
      if (won === undefined) return "stopped";
      renewed = sent;
      setLeading(true);
      logger.info("this replica leads", { lease: name, identity });
      return serve(won, lead, signal);
    },
  };
}
