import { isConflict, type KubeObject } from "@plinth/kernel/kube";
import type { Writer } from "../kube/writer.ts";
import { controllerOf } from "../runtime/object-key.ts";
import type { ClusterState } from "./cluster-state.ts";
import { DESIRED_HASH } from "./desired/desired-hash.ts";
import { hasOwnedFields } from "./owned-fields.ts";

/** Writes children, and only those that are not as they should be. */
export interface ChildWriter {
  /**
   * Brings children to what is desired, all at once. Answers those that belong to somebody else and were left alone, described for people. Fails with the
   * first error when all have been tried.
   */
  apply(children: readonly KubeObject[], owner: KubeObject, signal: AbortSignal): Promise<string[]>;
  /** A child that there is once, and that is never changed: a Job. */
  create(child: KubeObject, signal: AbortSignal): Promise<void>;
  delete(child: KubeObject, propagation: "Background" | "Foreground", signal: AbortSignal): Promise<void>;
}

export function createChildWriter(writer: Writer, state: ClusterState): ChildWriter {
  /** The description of a conflict, or undefined. */
  async function applyOne(child: KubeObject, owner: KubeObject, signal: AbortSignal): Promise<string | undefined> {
    const store = state.children(child.kind);
    const live = store.get(child.metadata.namespace, child.metadata.name);
    const isOurs = live !== undefined && controllerOf(live)?.uid === owner.metadata.uid;
    // It goes; when it is gone the watch tells, and it comes again.
    if (isOurs && live.metadata.deletionTimestamp !== undefined) return undefined;
    if (isOurs && isAsDesired(child, live)) return undefined;
    const other = live === undefined ? undefined : controllerOf(live);
    if (!isOurs && other !== undefined) return `${nameOf(child)} belongs to ${other.kind} ${other.name}, which is another one`;
    try {
      store.overlay(await writer.apply(child, { force: isOurs, alone: live === undefined, signal }));
      return undefined;
    } catch (error) {
      if (!isConflict(error) || isOurs) throw error;
      return `${nameOf(child)} belongs to somebody else: ${(error as Error).message}`;
    }
  }

  return {
    async apply(children, owner, signal) {
      const results = await Promise.allSettled(children.map((child) => applyOne(child, owner, signal)));
      const failed = results.find((result) => result.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      return results.flatMap((result) => (result.status === "fulfilled" && result.value !== undefined ? [result.value] : []));
    },
    async create(child, signal) {
      state.children(child.kind).overlay(await writer.create(child, { signal }));
    },
    async delete(child, propagation, signal) {
      const { uid, namespace, name } = child.metadata;
      const existed = await writer.delete(child, { ...(uid !== undefined && { uid }), propagation, signal });
      if (!existed && uid !== undefined) state.children(child.kind).overlayDeleted(namespace, name, uid);
    },
  };
}

/** The same was applied last, and nobody changed since what was applied. */
function isAsDesired(child: KubeObject, live: KubeObject): boolean {
  return live.metadata.annotations?.[DESIRED_HASH] === child.metadata.annotations?.[DESIRED_HASH] && hasOwnedFields(child, live);
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`;
}
