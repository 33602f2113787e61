import { type Lease, type LeaseSpec, microTime } from "../kube/lease.ts";

/** Who holds it; undefined for nobody. */
export function holderOf(lease: Lease): string | undefined {
  return lease.spec?.holderIdentity || undefined;
}

/** What a candidate writes to have the Lease; `previous` is what it takes it over from. */
export function claimedSpec(previous: Lease | undefined, identity: string, leaseMs: number, epochMs: number): LeaseSpec {
  const now = microTime(epochMs);
  const claimed = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(leaseMs / 1000), renewTime: now };
  if (previous === undefined) return { ...claimed, acquireTime: now, leaseTransitions: 0 };
  const { acquireTime = now, leaseTransitions = 0 } = previous.spec ?? {};
  if (holderOf(previous) === identity) return { ...claimed, acquireTime, leaseTransitions };
  return { ...claimed, acquireTime: now, leaseTransitions: leaseTransitions + 1 };
}

/** What the holder writes to go on having it. */
export function renewedSpec(lease: Lease, epochMs: number): LeaseSpec {
  return { ...lease.spec, renewTime: microTime(epochMs) };
}

/** What the holder writes to let the next one in at once. The duration must be above 0, so that it is the least. */
export function releasedSpec(lease: Lease, epochMs: number): LeaseSpec {
  const now = microTime(epochMs);
  return { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
}
