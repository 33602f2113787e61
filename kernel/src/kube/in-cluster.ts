import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type KubeConnection, openConnection } from "./connection.ts";
import { openFileCredentials } from "./credentials.ts";

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface InClusterOptions {
  /** Where the kubelet puts token, CA and namespace. */
  readonly folder?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly userAgent?: string;
  readonly maxSockets?: number;
}

/** True in a pod with a service account. */
export function isInCluster(env: NodeJS.ProcessEnv = process.env): boolean {
  return env.KUBERNETES_SERVICE_HOST !== undefined && env.KUBERNETES_SERVICE_PORT !== undefined;
}

/** As the pod's service account. Throws where the process is in no pod, or its token is not mounted. */
export async function openInClusterConnection(options: InClusterOptions = {}): Promise<KubeConnection> {
  const { folder = SERVICE_ACCOUNT, env = process.env, userAgent, maxSockets } = options;
  const host = env.KUBERNETES_SERVICE_HOST;
  const port = env.KUBERNETES_SERVICE_PORT;
  if (host === undefined || port === undefined) {
    throw new Error("This process is in no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set.");
  }
  const credentials = await openFileCredentials({ ca: join(folder, "ca.crt"), token: join(folder, "token") });
  return openConnection({
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    credentials,
    ...(userAgent !== undefined && { userAgent }),
    ...(maxSockets !== undefined && { maxSockets }),
  });
}

/** The namespace of the pod. */
export async function inClusterNamespace(folder = SERVICE_ACCOUNT): Promise<string> {
  return (await readFile(join(folder, "namespace"), "utf8")).trim();
}
