import type { KubeObject } from "@plinth/kernel/kube";
import type { Revision } from "./revisions.ts";
import { obsoleteRevisions } from "./revisions.ts";

/** What tells an object of one namespace from all others. */
export function childKey({ kind, metadata }: Pick<KubeObject, "kind" | "metadata">): string {
  return `${kind}/${metadata.name}`;
}

/** What stays even though no builder names it now. */
export interface Kept {
  readonly revisions: readonly Revision[];
  /** Names of revisions that serve, come or failed. */
  readonly inUse: readonly (string | undefined)[];
  /** Names of Jobs that are looked at. */
  readonly jobs: readonly (string | undefined)[];
}

/**
 * Children that no longer belong to the module, of those that it owns. Only to be asked once the newest of them are there: a child goes after
 * what comes in its place.
 */
export function findObsolete(owned: readonly KubeObject[], desired: readonly KubeObject[], { revisions, inUse, jobs }: Kept): KubeObject[] {
  const wanted = new Set(desired.map(childKey));
  const obsolete = new Set(obsoleteRevisions(revisions, inUse));
  return owned.filter((child) => {
    if (child.metadata.deletionTimestamp !== undefined || wanted.has(childKey(child))) return false;
    if (child.kind === "ControllerRevision") return obsolete.has(child.metadata.name);
    if (child.kind === "Job") return !jobs.includes(child.metadata.name);
    return true;
  });
}
