import type { KubeObject } from "@plinth/kernel/kube";

/** Which revision of the Module a Deployment was built from; on the Deployment itself, not on its pods. */
export const REVISION_ANNOTATION = "plinth.dev/revision";

/** How far a Deployment is, read from its status. */
export interface DeploymentState {
  /** The ControllerRevision it was built from, if it says. */
  readonly revision: string | undefined;
  /** Replicas that should be there. */
  readonly wanted: number;
  /** Replicas that are there, of whatever template. */
  readonly replicas: number;
  readonly ready: number;
  /** `complete`: all replicas have the newest template and are available. `failed`: there was no progress until the deadline. */
  readonly progress: "progressing" | "complete" | "failed";
  /** Whether every replica has the newest template, available or not. */
  readonly updated: boolean;
  /** What Kubernetes says about the progress. */
  readonly message: string;
}

interface DeploymentStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[];
}

/** The same answer as `kubectl rollout status` gives: a status of an older generation says nothing. */
export function readDeployment(deployment: KubeObject): DeploymentState {
  const status = (deployment.status ?? {}) as DeploymentStatus;
  const wanted = (deployment.spec as { replicas?: number } | undefined)?.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, readyReplicas = 0 } = status;
  const isCurrent = (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 1);
  const progressing = status.conditions?.find(({ type }) => type === "Progressing");
  const updated = isCurrent && updatedReplicas >= wanted && replicas <= updatedReplicas;
  const isComplete = updated && availableReplicas >= updatedReplicas;
  const isLate = isCurrent && progressing?.reason === "ProgressDeadlineExceeded";
  return {
    revision: deployment.metadata.annotations?.[REVISION_ANNOTATION],
    wanted,
    replicas,
    ready: readyReplicas,
    progress: isComplete ? "complete" : isLate ? "failed" : "progressing",
    updated,
    message: progressing?.message ?? "",
  };
}
