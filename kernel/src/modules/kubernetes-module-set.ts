import { setTimeout as delay } from "node:timers/promises";
import { API_GROUP, API_VERSION, type Module, type ModuleStatus } from "@plinth/module";
import type { KubeClient } from "../kube/client.ts";
import { follow } from "../kube/follow.ts";
import type { KubeObject, ObjectMeta, Resource } from "../kube/object.ts";
import type { Logger } from "../logging/logger.ts";
import { fixedModuleSet } from "./fixed-module-set.ts";
import type { ModuleSet } from "./module-set.ts";
import { readModule } from "./read-module.ts";

export interface KubernetesModuleSetOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly logger: Logger;
}

/** All modules that serve in a namespace. */
export interface KubernetesModuleSet extends ModuleSet {
  close(): Promise<void>;
}

/** A Module as the API server has it. */
interface ModuleObject extends KubeObject {
  readonly status?: Pick<ModuleStatus, "currentRevision">;
}

interface Served {
  /** The name of the ControllerRevision that its spec is. */
  readonly revision: string;
  readonly module: Module;
}

const MODULES: Resource = { group: API_GROUP, version: API_VERSION, kind: "Module", plural: "modules", namespaced: true };
const REVISIONS: Resource = { group: "apps", version: "v1", kind: "ControllerRevision", plural: "controllerrevisions", namespaced: true };
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

/**
 * The Modules of a namespace as they serve now, followed: for whoever routes to all of them. That is the spec of the current revision, which the operator
 * keeps in a ControllerRevision: of a module that is being rolled out, or whose change was refused, the one before. A module that never served is not there
 * yet, one that stops serving is there no more. While the API server is away the last known ones stay. Sorted by name; a module that did not change is the
 * same object as before.
 */
export async function openKubernetesModuleSet({ client, namespace, logger }: KubernetesModuleSetOptions): Promise<KubernetesModuleSet> {
  const set = fixedModuleSet([]);
  const declared = new Map<string, ModuleObject>();
  const served = new Map<string, Served>();
  /** By module: the revision that is being read. */
  const readings = new Map<string, { readonly revision: string; readonly done: Promise<void> }>();
  const closing = new AbortController();
  let telling: NodeJS.Immediate | undefined;

  /** What serves of this module, as far as it is known; else it is read. What is declared may be refused, or wait, and says nothing of it. */
  function settle(name: string): void {
    const object = declared.get(name);
    const revision = object?.status?.currentRevision;
    if (object === undefined || revision === undefined) {
      if (served.delete(name)) tellSoon();
    } else if (served.get(name)?.revision !== revision && readings.get(name)?.revision !== revision) {
      const done = readRevision(name, revision).finally(() => {
        if (readings.get(name)?.revision === revision) readings.delete(name);
      });
      readings.set(name, { revision, done });
    }
  }

  /** Tried until it is read, or something else serves. */
  async function readRevision(name: string, revision: string): Promise<void> {
    const isWanted = (): boolean => declared.get(name)?.status?.currentRevision === revision && !closing.signal.aborted;
    for (let pauseMs = FIRST_PAUSE_MS; isWanted(); pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        const found = await client.find(REVISIONS, { namespace, name: revision }, { signal: closing.signal });
        const object = declared.get(name);
        if (object === undefined || !isWanted()) return;
        const spec = (found?.data as { spec?: unknown } | undefined)?.spec;
        if (spec === undefined) throw new Error(`There is no ControllerRevision ${revision} with a spec.`);
        served.set(name, { revision, module: readModule({ ...object, spec }) });
        return tellSoon();
      } catch (error) {
        if (!isWanted()) return;
        logger.warn("The spec that serves cannot be read; what was known before stays.", { declared: name, revision, error });
        await delay(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  /** Changes that come together are told once. */
  function tellSoon(): void {
    telling ??= setImmediate(tell);
  }

  function tell(): void {
    clearImmediate(telling);
    telling = undefined;
    if (closing.signal.aborted) return;
    set.replace([...served].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, { module }]) => module));
  }

  let listed: () => void = () => {};
  const synced = new Promise<void>((resolve) => {
    listed = resolve;
  });
  const following = follow<ModuleObject>(client, MODULES, {
    namespace,
    logger,
    signal: closing.signal,
    // Specs are large, and what is declared is not what counts.
    reduce: ({ apiVersion, kind, metadata, status: { currentRevision } = {} }) => ({
      apiVersion,
      kind,
      metadata: withoutAnnotations(metadata),
      ...(currentRevision !== undefined && { status: { currentRevision } }),
    }),
    onReplace(items) {
      const names = new Set([...declared.keys(), ...items.map(({ metadata }) => metadata.name)]);
      declared.clear();
      for (const object of items) declared.set(object.metadata.name, object);
      for (const name of names) settle(name);
      listed();
    },
    onEvent(type, object) {
      const { name } = object.metadata;
      if (type === "DELETED") declared.delete(name);
      else declared.set(name, object);
      settle(name);
    },
  });
  await synced;
  await Promise.race([Promise.all([...readings.values()].map(({ done }) => done)), delay(LONGEST_PAUSE_MS, undefined, { ref: false })]);
  tell();

  return {
    get current() {
      return set.current;
    },
    onChange: set.onChange,
    async close() {
      closing.abort();
      clearImmediate(telling);
      await following;
      await Promise.all([...readings.values()].map(({ done }) => done));
    },
  };
}

/** They often repeat the whole object. */
function withoutAnnotations({ annotations: _, ...metadata }: ObjectMeta): ObjectMeta {
  return metadata;
}
