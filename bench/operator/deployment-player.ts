import { follow, type KubeClient, type KubeObject, type Resource, resourcePath } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { NAMESPACE } from "./control-plane.ts";

export const DEPLOYMENTS: Resource = { group: "apps", version: "v1", kind: "Deployment", plural: "deployments", namespaced: true };

/**
 * Plays the controllers and kubelets of a cluster: each Deployment is rolled out the moment it is written. The same for all operators, so that what
 * they wait for costs them the same.
 */
export function playDeployments(client: KubeClient, signal: AbortSignal): void {
  function play(deployment: KubeObject): void {
    const { generation = 0, name } = deployment.metadata;
    const { observedGeneration = 0 } = (deployment.status ?? {}) as { observedGeneration?: number };
    if (observedGeneration >= generation) return;
    const { replicas = 1 } = deployment.spec as { replicas?: number };
    const path = resourcePath(DEPLOYMENTS, { namespace: NAMESPACE, name, subresource: "status" });
    const body = { status: rolledOut(generation, replicas) };
    client
      .request({ method: "PATCH", path, contentType: "application/merge-patch+json", body, deadlineMs: 60_000 })
      .catch((error: unknown) => {
        if (!signal.aborted) process.stderr.write(`${name} could not be rolled out: ${error}\n`);
      });
  }
  void follow(client, DEPLOYMENTS, {
    namespace: NAMESPACE,
    logger: silentLogger,
    signal,
    onReplace: (items) => items.forEach(play),
    onEvent: (type, deployment) => type !== "DELETED" && play(deployment),
  });
}

function rolledOut(generation: number, replicas: number): object {
  const at = "2026-01-01T00:00:00Z";
  const condition = (type: string, reason: string): object => ({
    type,
    reason,
    status: "True",
    message: "",
    lastUpdateTime: at,
    lastTransitionTime: at,
  });
  return {
    observedGeneration: generation,
    replicas,
    updatedReplicas: replicas,
    readyReplicas: replicas,
    availableReplicas: replicas,
    conditions: [condition("Available", "MinimumReplicasAvailable"), condition("Progressing", "NewReplicaSetAvailable")],
  };
}
