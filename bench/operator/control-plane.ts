import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createKubeClient, type KubeClient, type KubeObject, type Resource, resourcePath } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { startTestCluster } from "@plinth/kernel/test-cluster";
import { buildCrd } from "@plinth/module";

/** An API server with its etcd, and nothing else of a cluster: no controllers, no nodes. */
export interface ControlPlane {
  readonly client: KubeClient;
  readonly port: number;
  /** For whoever comes by kubeconfig. */
  readonly kubeconfig: string;
  /** For whoever comes as a pod does: token, CA and namespace as the kubelet mounts them. */
  readonly serviceAccount: string;
  /** A folder for whatever belongs to this run. */
  readonly folder: string;
  /** The API server's own metrics, in the text format of Prometheus. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

export const NAMESPACE = "bench";
const CRDS: Resource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};
const NAMESPACES: Resource = { group: "", version: "v1", kind: "Namespace", plural: "namespaces", namespaced: false };
/** What measures must not wait for sockets of its own. */
const SOCKETS = 64;

/** Starts both with empty data, and installs the CRD of Module. */
export async function startControlPlane(): Promise<ControlPlane> {
  const token = randomBytes(16).toString("hex");
  const cluster = await startTestCluster({ users: [{ token, user: "operator", groups: ["system:masters"] }] });
  const client = createKubeClient(cluster.connect({ maxSockets: SOCKETS }), { logger: silentLogger });
  await client.request({ method: "POST", path: resourcePath(CRDS), body: buildCrd() });
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
  await client.request({ method: "POST", path: resourcePath(NAMESPACES), body: namespace });
  const name = `modules.plinth.dev`;
  while (!isServed(await client.find(CRDS, { name }))) await sleep(20);

  const serviceAccount = join(cluster.folder, "service-account");
  await mkdir(serviceAccount);
  await writeFile(join(serviceAccount, "token"), token);
  await writeFile(join(serviceAccount, "ca.crt"), cluster.authority.cert);
  await writeFile(join(serviceAccount, "namespace"), NAMESPACE);
  const kubeconfig = join(cluster.folder, "kubeconfig");
  await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(cluster.server, cluster.authority.cert, token)), { mode: 0o600 });
  return {
    ...{ client, kubeconfig, serviceAccount, port: cluster.port, folder: cluster.folder },
    metrics: () => client.request<string>({ method: "GET", path: "/metrics" }),
    stop: () => cluster.stop(),
  };
}

function isServed(crd: KubeObject | undefined): boolean {
  const { conditions } = (crd?.status ?? {}) as { conditions?: { type: string; status: string }[] | null };
  return (conditions ?? []).some(({ type, status }) => type === "Established" && status === "True");
}

/** JSON is YAML, too. */
function kubeconfigOf(server: string, ca: string, token: string): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "bench", cluster: { server, "certificate-authority-data": Buffer.from(ca).toString("base64") } }],
    users: [{ name: "operator", user: { token } }],
    contexts: [{ name: "bench", context: { cluster: "bench", user: "operator", namespace: NAMESPACE } }],
    "current-context": "bench",
  };
}
