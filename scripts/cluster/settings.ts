import { join, resolve } from "node:path";
import { CACHE } from "../components/cache.ts";

/** Everything that tells one cluster from another on the same host. Inside its own namespaces a cluster may use the same paths and ports as any. */
export interface Cluster {
  /** 0 to 9. Two clusters with different numbers run side by side. */
  readonly number: number;
  /** All its data; removed by `down`. */
  readonly folder: string;
  /** The host's end of the cable into the cluster's network. */
  readonly link: string;
  readonly hostAddress: string;
  readonly nodeAddress: string;
  readonly linkCidr: string;
  readonly podCidr: string;
  readonly podGateway: string;
  readonly serviceCidr: string;
  readonly apiServiceAddress: string;
  readonly dnsAddress: string;
  /** Its image registry, as images name it: reached by that name from the host and from the node, and from nowhere else. */
  readonly registry: string;
  /** Below each hierarchy of /sys/fs/cgroup. */
  readonly cgroup: string;
  /** For people and tools on the host. */
  readonly kubeconfig: string;
}

/** Where the folder of the cluster is bound inside its mount namespace, so that it may lie anywhere on the host. */
export const INSIDE = "/run/plinth";
export const NODE_NAME = "plinth";
export const API_PORT = 6443;

/** Whether an image lies in the registry of a local cluster, of any number: that one is spoken to without TLS. */
export function isInLocalRegistry(image: string): boolean {
  return /^10\.88\.\d\.1:5000\//.test(image);
}

export function clusterFrom(options: { number?: number; folder?: string }): Cluster {
  const number = options.number ?? 0;
  if (!Number.isInteger(number) || number < 0 || number > 9) throw new Error("The number of a cluster is a whole number from 0 to 9.");
  const folder = resolve(options.folder ?? join(CACHE, number === 0 ? "cluster" : `cluster-${number}`));
  return {
    number,
    folder,
    link: `plinth${number}`,
    hostAddress: `10.88.${number}.254`,
    nodeAddress: `10.88.${number}.1`,
    linkCidr: `10.88.${number}.0/24`,
    podCidr: `10.244.${number}.0/24`,
    podGateway: `10.244.${number}.1`,
    serviceCidr: `10.${96 + number}.0.0/16`,
    apiServiceAddress: `10.${96 + number}.0.1`,
    dnsAddress: `10.${96 + number}.0.10`,
    registry: `10.88.${number}.1:5000`,
    cgroup: `/plinth${number}`,
    kubeconfig: join(folder, "kubeconfig"),
  };
}
