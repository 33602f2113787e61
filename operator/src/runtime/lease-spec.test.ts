import { expect, test } from "@jest/globals";
import type { Lease, LeaseSpec } from "../kube/lease.ts";
import { claimedSpec, holderOf, releasedSpec, renewedSpec } from "./lease-spec.ts";

const THEN = "2026-01-01T00:00:00.000000Z";
const NOW = "2026-01-01T00:00:20.125000Z";
const NOW_MS = Date.UTC(2026, 0, 1, 0, 0, 20, 125);

function aLease(spec: LeaseSpec): Lease {
  return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace: "default", name: "operator" }, spec };
}

const HELD: LeaseSpec = { holderIdentity: "one", leaseDurationSeconds: 15, acquireTime: THEN, renewTime: THEN, leaseTransitions: 3 };

test("a claim begins a term, and counts it unless the holder stays the same", () => {
  const claimed = { holderIdentity: "two", leaseDurationSeconds: 15, acquireTime: NOW, renewTime: NOW };
  expect(claimedSpec(undefined, "two", 15_000, NOW_MS)).toEqual({ ...claimed, leaseTransitions: 0 });
  expect(claimedSpec(aLease(HELD), "two", 15_000, NOW_MS)).toEqual({ ...claimed, leaseTransitions: 4 });
  expect(claimedSpec(aLease(HELD), "one", 15_000, NOW_MS)).toEqual({ ...HELD, renewTime: NOW });
});

test("a renewal moves the time alone, and a release leaves nobody", () => {
  expect(renewedSpec(aLease(HELD), NOW_MS)).toEqual({ ...HELD, renewTime: NOW });
  const released = aLease(releasedSpec(aLease(HELD), NOW_MS));
  expect(released.spec).toEqual({ holderIdentity: "", leaseDurationSeconds: 1, acquireTime: NOW, renewTime: NOW, leaseTransitions: 3 });
  expect([holderOf(aLease(HELD)), holderOf(released)]).toEqual(["one", undefined]);
});
