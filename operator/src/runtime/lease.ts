import type { KubeObject, Resource } from "@plinth/kernel/kube";

export const LEASES: Resource = { group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", namespaced: true };

/** Who leads, and since when. Times are MicroTime. */
export interface LeaseSpec {
  /** Empty: nobody, it was released. */
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

/** A time as the API server takes it where it wants MicroTime: with exactly six digits of the second's fraction. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace("Z", "000Z");
}

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
