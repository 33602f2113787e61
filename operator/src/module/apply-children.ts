import { isAlreadyExists, type KubeClient, type KubeObject } from "@plinth/kernel/kube";
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
  /** Begins what has to be done before these can be applied, which may be done while others are: nobody waits for it here. */
  prepare(children: readonly KubeObject[], owner: KubeObject, signal: AbortSignal): void;
  /** A child that there is once, and that is never changed: a Job. */
  create(child: KubeObject, signal: AbortSignal): Promise<void>;
  delete(child: KubeObject, propagation: "Background" | "Foreground", signal: AbortSignal): Promise<void>;
}

export function createChildWriter(client: KubeClient, writer: Writer, state: ClusterState): ChildWriter {
  /** Live objects that were found to be as desired, and the hash of that: most of what is looked at has not changed since the last look. */
  const seen = new WeakMap<KubeObject, string>();

  /** By uid, whose fields are being handed over, or were and are to be applied next. */
  const handedOver = new Map<string, Promise<void>>();

  function handOver(live: KubeObject, signal: AbortSignal): Promise<void> {
    const { uid = "" } = live.metadata;
    const known = handedOver.get(uid);
    if (known !== undefined) return known;
    const begun = handOverFields(client, writer, live, { signal }).then((written) => {
      if (written !== undefined) state.children(live.kind).overlay(written);
    });
    handedOver.set(uid, begun);
    // Whoever applies it hears of a failure; the next one tries it anew.
    begun.catch(() => handedOver.delete(uid));
    return begun;
  }

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

  /** Never an apply: an object of somebody else that says nothing to the contrary would become ours, and go away with the Module. */
  async function make(child: KubeObject, owner: KubeObject, signal: AbortSignal): Promise<string | undefined> {
    const store = state.children(child.kind);
    try {
      store.overlay(await writer.create(markCreated(child), { signal }));
      return undefined;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
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
    if (isMarkedCreated(live)) await handOver(live, signal);
    try {
      state.children(child.kind).overlay(await writer.apply(child, { force: true, signal }));
    } finally {
      handedOver.delete(live.metadata.uid ?? "");
    }
  }

  return {
    apply(children, owner, signal) {
      const results = children.map((child) => applyOne(child, owner, signal));
      return results.some((result) => result instanceof Promise) ? allOf(results) : told(results as (string | undefined)[]);
    },
    prepare(children, owner, signal) {
      for (const child of children) {
        const live = state.children(child.kind).get(child.metadata.namespace, child.metadata.name);
        if (live === undefined || !isMarkedCreated(live) || controllerOf(live)?.uid !== owner.metadata.uid) continue;
        if (live.metadata.deletionTimestamp === undefined && !isAsDesired(child, live)) void handOver(live, signal);
      }
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

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`;
}
