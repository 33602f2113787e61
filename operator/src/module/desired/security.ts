import type { Settings } from "../settings.ts";

/** The user and group of the platform's own image. */
const PLATFORM_ID = 10_001;

/**
 * Security of a pod as the restricted Pod Security Standard asks for it. Most images of others name no user and would run as root: they run as ours does,
 * unless the module names the one whose files they need. The group lets any of them read the tokens and secrets that are mounted.
 */
export function podSecurity(runAsUser: number | undefined): object {
  return {
    runAsNonRoot: true,
    runAsUser: runAsUser ?? PLATFORM_ID,
    ...(runAsUser === undefined && { runAsGroup: PLATFORM_ID }),
    fsGroup: PLATFORM_ID,
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** Security of a container. In development files of the image may be changed, so that an edit is in the pod without a new image. */
export function containerSecurity({ development }: Settings): object {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    readOnlyRootFilesystem: !development,
  };
}
