import type { Clock } from "@plinth/kernel/base";
import { follow, isAlreadyExists, isConflict, type KubeClient } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import { KINDS } from "../kube/kinds.ts";
import type { Lease, LeaseStore } from "../kube/lease.ts";
import { claimedSpec, holderOf } from "./lease-spec.ts";

export interface CandidacyOptions {
  readonly client: KubeClient;
  readonly leases: LeaseStore;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseMs: number;
  readonly retryMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Candidates that lost a race look again after up to this long, each after another time. */
const LOST_RACE_MS = 100;

/**
 * Waits until the Lease is free, and takes it; undefined when `signal` aborts first. The watch tells of a release at once. Otherwise the Lease is free
 * when it was not renewed for its whole duration, by this process's own clock since it last saw it change: clocks of others count for nothing.
 * `onClaim` is called before each try to take it, since the claim counts from when it was sent.
 */
export async function winLease(options: CandidacyOptions, onClaim: () => void, signal: AbortSignal): Promise<Lease | undefined> {
  const { client, leases, namespace, name, identity, leaseMs, retryMs, logger, clock, random } = options;
  const deadlineMs = retryMs * 2;
  const watching = new AbortController();
  let seen: { readonly state: string; readonly at: number } | undefined;
  let knownHolder: string | undefined;
  let wakeUp = new AbortController();

  function see(lease: Lease): void {
    const holder = holderOf(lease);
    const state = `${holder} ${lease.spec?.renewTime}`;
    if (seen?.state !== state) seen = { state, at: clock.elapsed() };
    if (holder !== knownHolder && holder !== undefined && holder !== identity)
      logger.info("another replica leads", { lease: name, holder });
    knownHolder = holder;
  }

  function onLease(lease: Lease | undefined): void {
    if (lease !== undefined) see(lease);
    if (lease === undefined || holderOf(lease) === undefined) wakeUp.abort();
  }

  /** The Lease, or for how many milliseconds there is no use in trying. */
  async function tryOnce(): Promise<Lease | number> {
    const lease = await leases.find({ deadlineMs });
    if (lease === undefined) {
      onClaim();
      return leases.create(claimedSpec(undefined, identity, leaseMs, clock.now()), { deadlineMs });
    }
    see(lease);
    const holder = holderOf(lease);
    if (holder !== undefined && holder !== identity) {
      const durationMs = (lease.spec?.leaseDurationSeconds ?? leaseMs / 1000) * 1000;
      const leftMs = (seen?.at ?? 0) + durationMs - clock.elapsed();
      if (leftMs > 0) return leftMs;
    }
    onClaim();
    return leases.replace(lease.metadata, claimedSpec(lease, identity, leaseMs, clock.now()), { deadlineMs });
  }

  function waitAfter(error: unknown): number {
    if (isConflict(error) || isAlreadyExists(error)) return LOST_RACE_MS * random();
    logger.warn("the Lease could not be read or taken", { lease: name, error });
    return retryMs * (1 + random() / 5);
  }

  const following = follow<Lease>(client, KINDS.Lease, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
    logger,
    signal: watching.signal,
    onReplace: (items) => onLease(items[0]),
    onEvent: (type, lease) => onLease(type === "DELETED" ? undefined : lease),
  }).catch((error: unknown) => {
    if (!watching.signal.aborted) logger.error("the Lease is not watched any more", { lease: name, error });
  });

  try {
    while (!signal.aborted) {
      wakeUp = new AbortController();
      const result = await tryOnce().catch(waitAfter);
      if (typeof result !== "number") return result;
      await clock.sleep(result, AbortSignal.any([signal, wakeUp.signal])).catch(() => undefined);
    }
    return undefined;
  } finally {
    watching.abort();
    await following;
  }
}
