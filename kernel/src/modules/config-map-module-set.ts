import type { Module } from "@plinth/module";
import type { KubeClient } from "../kube/client.ts";
import { follow } from "../kube/follow.ts";
import type { KubeObject, Resource } from "../kube/object.ts";
import type { Logger } from "../logging/logger.ts";
import { type FixedModuleSet, fixedModuleSet } from "./fixed-module-set.ts";
import type { ModuleSet } from "./module-set.ts";
import { readModule } from "./read-module.ts";

export interface ConfigMapModuleSetOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly module: string;
  readonly logger: Logger;
}

/** A module and what it must know of its neighbours. */
export interface ConfigMapModuleSet extends ModuleSet {
  /** The module itself as it is accepted now. */
  readonly own: Module;
  close(): Promise<void>;
}

const CONFIG_MAPS: Resource = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };

/**
 * What the operator tells a module of itself and its neighbours: the ConfigMap `<module>-module`, followed. When it becomes unreadable or vanishes, and
 * while the API server is away, the last good one stays. Throws where there is none at the start.
 */
export async function openConfigMapModuleSet(options: ConfigMapModuleSetOptions): Promise<ConfigMapModuleSet> {
  const { client, namespace, module, logger } = options;
  const name = `${module}-module`;
  const set: FixedModuleSet = fixedModuleSet([]);
  const closing = new AbortController();
  let taken = "";
  let failure: unknown;

  function take(object: KubeObject | undefined): void {
    try {
      if (object === undefined)
        throw new Error(`There is no ConfigMap ${name} in namespace ${namespace}; the operator makes it for each Module.`);
      const text = JSON.stringify(object.data);
      if (text === taken) return;
      set.replace(readModules(object, module));
      taken = text;
    } catch (error) {
      failure = error;
      if (taken !== "")
        logger.error("What the operator tells this module cannot be read; what it told last stays.", { configMap: name, error });
    }
  }

  let listed: () => void = () => {};
  const synced = new Promise<void>((resolve) => {
    listed = resolve;
  });
  const following = follow(client, CONFIG_MAPS, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
    logger,
    signal: closing.signal,
    onReplace(items) {
      take(items.find(({ metadata }) => metadata.name === name));
      listed();
    },
    onEvent: (type, object) => take(type === "DELETED" ? undefined : object),
  });
  async function close(): Promise<void> {
    closing.abort();
    await following;
  }

  await synced;
  if (taken === "") {
    await close();
    throw failure;
  }
  return {
    get current() {
      return set.current;
    },
    onChange: set.onChange,
    get own() {
      return set.current.modules[0] as Module;
    },
    close,
  };
}

/** The module first, then its neighbours. */
function readModules({ data }: KubeObject, expected: string): Module[] {
  const { "module.json": own, "neighbours.json": neighbours } = (data ?? {}) as Record<string, string | undefined>;
  if (own === undefined || neighbours === undefined) throw new Error("It has no module.json and neighbours.json.");
  const module = readModule(JSON.parse(own));
  if (module.metadata.name !== expected) throw new Error(`It is of module ${module.metadata.name}.`);
  return [module, ...(JSON.parse(neighbours) as unknown[]).map(readModule)];
}
