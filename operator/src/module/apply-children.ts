import { isAlreadyExists, isConflict, type KubeClient, type KubeObject } from "@plinth/kernel/kube";
import { getKind } from "../kube/kinds.ts";
import { handOverFields, isMarkedCreated, markCreated } from "../kube/ownership.ts";
import type { Writer } from "../kube/writer.ts";
import type { Soon } from "../runtime/at-once.ts";
import { controllerOf } from "../runtime/object-key.ts";
import type { ClusterState } from "./cluster-state.ts";
import { DESIRED_HASH } from "./desired/desired-hash.ts";
import { wholeChild } from "./kept-child.ts";
import { hasOwnedFields } from "./owned-fields.ts";

/** Writes children, and only those that are not as they should be. */
export interface ChildWriter {
  /**
   * Brings children to what is desired, all at once. Answers those that belong to somebody else and were left alone, described for people; without a wait
   * where nothing is to be written. Fails with the first error when all have been tried.
   */
  apply(children: readonly KubeObject[], owner: KubeObject, signal: AbortSignal): Soon<string[]>;
  /** A child that there is once, and that is never changed: a Job. */
  create(child: KubeObject, signal: AbortSignal): Promise<void>;
  delete(child: KubeObject, propagation: "Background" | "Foreground", signal: AbortSignal): Promise<void>;
}

/**
 * What changes with almost every spec is applied from the beginning, though that is dearer: its fields would have to be handed over while somebody waits for the
 * change.
 */
const OFTEN_CHANGED: ReadonlySet<string> = new Set(["ConfigMap", "Deployment"]);

/** No object has ever had this version: who applies with it makes what is not there, and gets a conflict for what is. */
const NEVER = "1";

export function createChildWriter(client: KubeClient, writer: Writer, state: ClusterState): ChildWriter {
  /** Live objects that were found to be as desired, and the hash of that: most of what is looked at has not changed since the last look. */
  const seen = new WeakMap<KubeObject, string>();

  /** The same was applied last, and nobody changed since what was applied. */
  function isAsDesired(child: KubeObject, live: KubeObject): boolean {
    const hash = child.metadata.annotations?.[DESIRED_HASH];
    if (hash === undefined || live.metadata.annotations?.[DESIRED_HASH] !== hash) return false;
    if (seen.get(live) === hash) return true;
    const isSame = hasOwnedFields(child, wholeChild(live));
    if (isSame) seen.set(live, hash);
    return isSame;
  }

  /** The description of a conflict, or undefined. */
  function applyOne(child: KubeObject, owner: KubeObject, signal: AbortSignal): Soon<string | undefined> {
    const live = state.children(child.kind).get(child.metadata.namespace, child.metadata.name);
    return live === undefined ? make(child, owner, signal) : correct(child, live, owner, signal);
  }

  /** Never a mere apply: an object of somebody else that says nothing to the contrary would become ours, and go away with the Module. */
  async function make(child: KubeObject, owner: KubeObject, signal: AbortSignal): Promise<string | undefined> {
    const store = state.children(child.kind);
    try {
      const isOften = OFTEN_CHANGED.has(child.kind);
      const writing = isOften ? writer.apply(atVersion(child, NEVER), { signal }) : writer.create(markCreated(child), { signal });
      store.overlay(await writing);
      return undefined;
    } catch (error) {
      if (!isAlreadyExists(error) && !isConflict(error)) throw error;
      const { namespace = "", name } = child.metadata;
      const found = await client.find(getKind(child), { namespace, name }, { signal });
      // It went in this moment, or it never was the name that was in the way: the next try looks again.
      if (found === undefined) throw error;
      if (controllerOf(found)?.uid === owner.metadata.uid) store.overlay(found);
      // Made by a write whose answer got lost: what was planned without it, such as a password, does not count. What the watch has passed in silence
      // is not among what is followed, for it lost its label, and is put right.
      const isKnownNow = store.get(namespace, name) !== undefined;
      if (isKnownNow && !isAsDesired(child, found)) throw error;
      return correct(child, found, owner, signal);
    }
  }

  function correct(child: KubeObject, live: KubeObject, owner: KubeObject, signal: AbortSignal): Soon<string | undefined> {
    const holder = controllerOf(live);
    if (holder?.uid !== owner.metadata.uid) {
      return `${nameOf(child)} belongs to ${holder === undefined ? "somebody else" : `another ${holder.kind} ${holder.name}`}`;
    }
    // One that goes comes again when it is gone: the watch tells.
    return live.metadata.deletionTimestamp === undefined && !isAsDesired(child, live) ? change(child, live, signal) : undefined;
  }

  async function change(child: KubeObject, live: KubeObject, signal: AbortSignal): Promise<undefined> {
    const store = state.children(child.kind);
    if (isMarkedCreated(live)) {
      const handed = await handOverFields(client, writer, live, { signal });
      if (handed !== undefined) store.overlay(handed);
    }
    store.overlay(await writer.apply(child, { force: true, signal }));
  }

  return {
    apply(children, owner, signal) {
      const results = children.map((child) => applyOne(child, owner, signal));
      return results.some((result) => result instanceof Promise) ? allOf(results) : told(results as (string | undefined)[]);
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

async function allOf(results: readonly Soon<string | undefined>[]): Promise<string[]> {
  const settled = await Promise.allSettled(results);
  const failed = settled.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return told(settled.map((result) => (result.status === "fulfilled" ? result.value : undefined)));
}

function told(conflicts: readonly (string | undefined)[]): string[] {
  return conflicts.filter((conflict) => conflict !== undefined);
}

function atVersion(object: KubeObject, resourceVersion: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`;
}
