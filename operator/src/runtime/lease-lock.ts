import { type KubeClient, resourcePath } from "@plinth/kernel/kube";
import { LEASES, type Lease, type LeaseSpec } from "./lease.ts";

/** One Lease in the API server. Each write fails with a conflict if anybody wrote since the Lease given was read, so that one of several wins. */
export interface LeaseLock {
  find(deadlineMs: number): Promise<Lease | undefined>;
  create(spec: LeaseSpec, deadlineMs: number): Promise<Lease>;
  update(lease: Lease, spec: LeaseSpec, deadlineMs: number): Promise<Lease>;
}

/** Nothing is tried twice here: whoever asks knows how much time is left. */
export function createLeaseLock(client: KubeClient, namespace: string, name: string): LeaseLock {
  return {
    find: (deadlineMs) => client.find<Lease>(LEASES, { namespace, name }, { deadlineMs }),
    create(spec, deadlineMs) {
      const body: Lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name }, spec };
      return client.request<Lease>({ method: "POST", path: resourcePath(LEASES, { namespace }), body, deadlineMs, retry: false });
    },
    update(lease, spec, deadlineMs) {
      const path = resourcePath(LEASES, { namespace, name });
      return client.request<Lease>({ method: "PUT", path, body: { ...lease, spec }, deadlineMs, retry: false });
    },
  };
}
