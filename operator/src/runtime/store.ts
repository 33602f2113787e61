import type { KubeObject } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import { frozen } from "./freeze.ts";
import { createIndexTable, type IndexFunction } from "./index-table.ts";
import { keyOf, objectKey } from "./object-key.ts";
import { compareResourceVersions } from "./resource-version.ts";

/** How a store learned of a change: from a list, from the watch, or from the answer of an own write. */
export type Cause = "list" | "watch" | "own";

/**
 * One change of one object. A re-creation under the same name comes as two: `deleted`, then `set` without `previous`. A `deleted` has the last
 * state that was known, which need not be the last there was.
 */
export interface Change<T> {
  readonly type: "set" | "deleted";
  readonly object: T;
  readonly previous?: T;
  readonly cause: Cause;
}

/** The objects of one kind, as this process knows them. Everything that it gives away is frozen. */
export interface Store<T extends KubeObject, Index extends string = string> {
  /** The namespace is empty (or undefined) for kinds without. */
  get(namespace: string | undefined, name: string): T | undefined;
  list(): Iterable<T>;
  byIndex(index: Index, value: string): readonly T[];
  readonly size: number;
  /** True once every source has brought its first list. */
  readonly synced: boolean;
  /** Resolves when `synced`; rejects with the signal's reason. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  /** Shows the answer of an own write until the watch has it, too. An older one than what is known is left alone. */
  overlay(object: T): void;
  /** After an own delete: the object with this uid is gone, whatever the watch still tells of it. One that has finalizers is left to the watch. */
  overlayDeleted(namespace: string | undefined, name: string, uid: string): void;
  /**
   * Called once for each change, in order, after the store shows it; of a list, after the store shows all of it. What an own write changed comes with
   * the cause `own`, and the watch's echo of it does not come again. The answer takes the listener back.
   */
  onChange(listener: (change: Change<T>) => void): () => void;
  /** Where lists and watch events go in: one for the whole kind, or one for each namespace that is followed. To be opened before they begin. */
  openSource(namespace?: string): Source<T>;
  /** What the store keeps of an object, frozen; of one that went through it, itself. Who reads a long list asks it at once, object by object. */
  keep(object: T): T;
}

/** One list and watch, in the API server's order. */
export interface Source<T> {
  replace(items: readonly T[], resourceVersion: string): void;
  event(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void;
  /** The watch has told of everything up to here. */
  bookmark(resourceVersion: string): void;
}

export interface StoreOptions<T, Index extends string> {
  readonly indexes?: Readonly<Record<Index, IndexFunction<T>>>;
  /** What is kept of each object, whoever brings it. Of what it answered itself it answers the same. */
  readonly reduce?: (object: T) => T;
  readonly logger: Logger;
}

interface Progress {
  /** Everything up to here has been told; undefined before the first list. */
  resourceVersion: string | undefined;
}

/**
 * A cache in which one's own writes can be read at once. Three rules keep it true. What is older than what is known of its key never wins. What is
 * not there, but older than the progress of its source, was deleted since, and does not come back. And what only an own write has shown
 * goes when the watch has passed it in silence: it is not among what is followed.
 */
export function createStore<T extends KubeObject, Index extends string = never>(options: StoreOptions<T, Index>): Store<T, Index> {
  const { logger, reduce } = options;
  const objects = new Map<string, T>();
  /** Keys whose object the watch has not shown yet. */
  const ahead = new Set<string>();
  /** Deleted by us, and the watch does not know yet: the uid, and the newest version that was known. */
  const tombstones = new Map<string, { readonly uid: string; readonly resourceVersion: string }>();
  const sources = new Map<string | undefined, Progress>();
  const listeners = new Set<(change: Change<T>) => void>();
  const waiting = new Set<() => void>();
  const indexes = createIndexTable<T>(options.indexes ?? {}, (index, error) => logger.error("an index failed", { index, error }));

  function keep(object: T): T {
    return reduce === undefined || Object.isFrozen(object) ? frozen(object) : frozen(reduce(object));
  }

  function put(key: string, given: T, cause: Cause, changes: Change<T>[]): void {
    const object = keep(given);
    const previous = objects.get(key);
    objects.set(key, object);
    indexes.move(key, previous, object);
    tombstones.delete(key);
    if (cause === "own") ahead.add(key);
    else ahead.delete(key);
    if (previous === undefined) changes.push({ type: "set", object, cause });
    else if (previous.metadata.uid === object.metadata.uid) changes.push({ type: "set", object, previous, cause });
    else changes.push({ type: "deleted", object: previous, cause }, { type: "set", object, cause });
  }

  function remove(key: string, cause: Cause, changes: Change<T>[]): void {
    const object = objects.get(key);
    if (object === undefined) return;
    objects.delete(key);
    indexes.move(key, object, undefined);
    ahead.delete(key);
    changes.push({ type: "deleted", object, cause });
  }

  /** Takes an object in unless something newer is known of its key. */
  function offer(key: string, object: T, cause: Cause, changes: Change<T>[]): void {
    const known = objects.get(key);
    if (known !== undefined) {
      const order = compareResourceVersions(versionOf(object), versionOf(known));
      if (order > 0) put(key, object, cause, changes);
      else if (order === 0 && cause !== "own") ahead.delete(key);
      return;
    }
    const tombstone = tombstones.get(key);
    if (tombstone?.uid === object.metadata.uid) return;
    if (tombstone !== undefined && compareResourceVersions(versionOf(object), tombstone.resourceVersion) <= 0) return;
    if (cause === "own" && isPassed(object)) return;
    put(key, object, cause, changes);
  }

  /** Whether the watch has already told of more than this object's version. */
  function isPassed({ metadata }: T): boolean {
    const progress = (sources.get(undefined) ?? sources.get(metadata.namespace))?.resourceVersion;
    return progress !== undefined && compareResourceVersions(metadata.resourceVersion ?? "", progress) <= 0;
  }

  function tell(changes: readonly Change<T>[]): void {
    for (const change of changes) {
      for (const listener of listeners) {
        try {
          listener(change);
        } catch (error) {
          logger.error("a listener of a store failed", { key: keyOf(change.object), error });
        }
      }
    }
  }

  function isSynced(): boolean {
    return sources.size > 0 && [...sources.values()].every(({ resourceVersion }) => resourceVersion !== undefined);
  }

  function openSource(namespace?: string): Source<T> {
    const progress: Progress = { resourceVersion: undefined };
    sources.set(namespace, progress);
    const isMine = (key: string): boolean => namespace === undefined || key.startsWith(`${namespace}/`);

    function advance(resourceVersion: string): void {
      if (progress.resourceVersion === undefined || compareResourceVersions(resourceVersion, progress.resourceVersion) > 0)
        progress.resourceVersion = resourceVersion;
    }

    /** A consistent list never goes back; where it does, the API server's data were restored, and nothing that was known counts. */
    function replaceAll(items: readonly T[], listed: ReadonlySet<string>, changes: Change<T>[]): void {
      logger.warn("the API server's history went back; everything is read anew", { was: progress.resourceVersion });
      for (const key of [...tombstones.keys()].filter(isMine)) tombstones.delete(key);
      for (const key of [...objects.keys()].filter(isMine)) if (!listed.has(key)) remove(key, "list", changes);
      for (const item of items) put(keyOf(item), item, "list", changes);
    }

    function merge(items: readonly T[], listed: ReadonlySet<string>, resourceVersion: string, changes: Change<T>[]): void {
      for (const [key, object] of objects) {
        if (!isMine(key) || listed.has(key)) continue;
        if (compareResourceVersions(versionOf(object), resourceVersion) <= 0) remove(key, "list", changes);
      }
      for (const [key, tombstone] of tombstones) {
        // One that was there at the time of the list, and is not in it. Of a later one the watch has still to tell.
        if (isMine(key) && !listed.has(key) && compareResourceVersions(tombstone.resourceVersion, resourceVersion) <= 0)
          tombstones.delete(key);
      }
      for (const item of items) offer(keyOf(item), item, "list", changes);
    }

    return {
      replace(items, resourceVersion) {
        const changes: Change<T>[] = [];
        const listed = new Set(items.map(keyOf));
        const wentBack = progress.resourceVersion !== undefined && compareResourceVersions(resourceVersion, progress.resourceVersion) < 0;
        if (wentBack) replaceAll(items, listed, changes);
        else merge(items, listed, resourceVersion, changes);
        progress.resourceVersion = resourceVersion;
        if (isSynced()) for (const resolve of waiting) resolve();
        tell(changes);
      },
      event(type, object) {
        const changes: Change<T>[] = [];
        const key = keyOf(object);
        advance(versionOf(object));
        if (type !== "DELETED") {
          offer(key, object, "watch", changes);
        } else {
          const known = objects.get(key);
          if (known !== undefined && compareResourceVersions(versionOf(known), versionOf(object)) <= 0) remove(key, "watch", changes);
          if (tombstones.get(key)?.uid === object.metadata.uid) tombstones.delete(key);
        }
        tell(changes);
      },
      bookmark(resourceVersion) {
        const changes: Change<T>[] = [];
        advance(resourceVersion);
        for (const key of ahead) {
          const object = objects.get(key);
          if (object !== undefined && isMine(key) && compareResourceVersions(versionOf(object), resourceVersion) <= 0)
            remove(key, "watch", changes);
        }
        tell(changes);
      },
    };
  }

  return {
    get: (namespace, name) => objects.get(objectKey(namespace, name)),
    list: () => objects.values(),
    byIndex(index, value) {
      const found: T[] = [];
      for (const key of indexes.keysOf(index, value)) found.push(objects.get(key) as T);
      return found;
    },
    get size() {
      return objects.size;
    },
    get synced() {
      return isSynced();
    },
    whenSynced(signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        if (isSynced()) return resolve();
        function settle(): void {
          waiting.delete(settle);
          signal?.removeEventListener("abort", settle);
          if (signal?.aborted) reject(signal.reason);
          else resolve();
        }
        waiting.add(settle);
        signal?.addEventListener("abort", settle, { once: true });
      });
    },
    overlay(object) {
      const changes: Change<T>[] = [];
      offer(keyOf(object), object, "own", changes);
      tell(changes);
    },
    overlayDeleted(namespace, name, uid) {
      const changes: Change<T>[] = [];
      const key = objectKey(namespace, name);
      const known = objects.get(key);
      if (known === undefined || known.metadata.uid !== uid || (known.metadata.finalizers?.length ?? 0) > 0) return;
      remove(key, "own", changes);
      tombstones.set(key, { uid, resourceVersion: versionOf(known) });
      tell(changes);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    openSource,
    keep,
  };
}

function versionOf({ metadata }: KubeObject): string {
  return metadata.resourceVersion ?? "";
}
