import { type KubeClient, type KubeObject, type ObjectMeta, resourcePath } from "@plinth/kernel/kube";
import { KINDS } from "./kinds.ts";

/** Times are texts with six digits after the second, which is the only form the API server takes. */
export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

export interface LeaseCallOptions {
  /** Short: who cannot write in time must not lead. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** One Lease. Nothing is tried again by itself: the elector knows when it has to. */
export interface LeaseStore {
  find(options: LeaseCallOptions): Promise<Lease | undefined>;
  /** Fails with `AlreadyExists` when another one was faster. */
  create(spec: LeaseSpec, options: LeaseCallOptions): Promise<Lease>;
  /** Fails with `Conflict` when the Lease was written since `metadata` was read. */
  replace(metadata: ObjectMeta, spec: LeaseSpec, options: LeaseCallOptions): Promise<Lease>;
}

/** On a client with a connection and a limiter of its own, so that nothing else holds it up. */
export function createLeaseStore(client: KubeClient, { namespace, name }: { namespace: string; name: string }): LeaseStore {
  const path = resourcePath(KINDS.Lease, { namespace, name });
  const type = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
  return {
    find: (options) => client.find<Lease>(KINDS.Lease, { namespace, name }, options),
    create(spec, options) {
      const body = { ...type, metadata: { namespace, name }, spec };
      return client.request<Lease>({ method: "POST", path: resourcePath(KINDS.Lease, { namespace }), body, retry: false, ...options });
    },
    replace(metadata, spec, options) {
      return client.request<Lease>({ method: "PUT", path, body: { ...type, metadata, spec }, retry: false, ...options });
    },
  };
}

/** Epoch milliseconds as the API server takes them. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace("Z", "000Z");
}
