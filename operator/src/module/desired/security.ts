import type { Settings } from "../settings.ts";

/** The user of the platform's own image. */
const USER_ID = 10001;

/**
 * Security of a pod as the restricted Pod Security Standard asks for it. The user of a foreign image is its own, as long as it is not root. The group
 * lets either read the tokens and secrets that are mounted.
 */
export function podSecurity(isOwnImage: boolean): object {
  return {
    runAsNonRoot: true,
    ...(isOwnImage && { runAsUser: USER_ID, runAsGroup: USER_ID }),
    fsGroup: USER_ID,
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
