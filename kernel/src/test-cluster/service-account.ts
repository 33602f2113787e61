import { createKubeClient, type KubeClient } from "../kube/client.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import type { TestCluster } from "./test-cluster.ts";

const TOKEN_SECONDS = 600;

/** A token as the kubelet gets it for a pod: for the audience, or for the API server. */
export async function requestToken(client: KubeClient, namespace: string, account: string, audience?: string): Promise<string> {
  const { status } = await client.request<{ status: { token: string } }>({
    method: "POST",
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
    body: { spec: { expirationSeconds: TOKEN_SECONDS, ...(audience !== undefined && { audiences: [audience] }) } },
  });
  return status.token;
}

/** Talks to the API server as a pod of this service account does, which is made. */
export async function asServiceAccount(cluster: TestCluster, namespace: string, account: string): Promise<KubeClient> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await cluster.client.request({ method: "POST", path, body: { metadata: { name: account } } });
  const token = await requestToken(cluster.client, namespace, account);
  const connection = cluster.connect({
    credentials: { tls: { ca: cluster.authority.cert }, headers: { authorization: `Bearer ${token}` } },
  });
  return createKubeClient(connection, { logger: silentLogger });
}
