import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { watchFolder } from "../base/watch-folder.ts";
import type { Logger } from "../logging/logger.ts";
import { sourceOf, treeChecker } from "./check-tree.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { describeEntry } from "./describe-entry.ts";
import { kernelSchema } from "./kernel-schema.ts";
import { KERNEL_KEYS, type KernelSettings, kernelSettings } from "./kernel-settings.ts";
import { deepFreeze, isTree, mergeLayers, type Tree, valueAt } from "./layers.ts";
import { type LayerOrigins, readLayers } from "./read-layers.ts";
import type { Schema } from "./schema-tree.ts";
import type { SecretSource } from "./secret-source.ts";

export interface LoadConfigOptions {
  /** The Module resource, of which name, `config` and `configSchema` are read. */
  readonly module: {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly config?: object | undefined; readonly configSchema?: object | undefined };
  };
  /** The service's folder, the one with module.yaml. */
  readonly folder: string;
  /** `development`, `production`, `test` …: chooses `config/<environment>.yaml`. */
  readonly environment: string;
  /** Changed from outside while the service runs; need not exist. */
  readonly overlayFile?: string | undefined;
  /** Defaults to the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly secrets?: SecretSource | undefined;
  /** Tells changes of `spec.config`; without it, it stays as it was at the start. */
  readonly declared?: DeclaredConfig | undefined;
}

/** `spec.config` as it is declared now. */
export interface DeclaredConfig {
  /** Undefined where the module is not declared any more. */
  current(): object | undefined;
  /** Calls `listener` when it may have changed; the answer stops it. */
  onChange(listener: () => void): () => void;
}

/** One consistent set of values. A reload makes a new one or leaves the old. */
interface State<T> {
  readonly value: T;
  readonly kernel: KernelSettings;
  readonly tree: Tree;
  readonly sources: ReadonlyMap<string, string>;
}

/** Reads, merges and checks a module's configuration. Throws `ConfigError` with all problems. */
export async function loadConfig<T>(options: LoadConfigOptions): Promise<Config<T>> {
  const { environment, folder, overlayFile, secrets } = options;
  const module = options.module.metadata.name;
  const schema = combinedSchema(module, options.module.spec);
  const check = treeChecker(schema);
  const atStart = (options.module.spec.config ?? {}) as Tree;
  const origins: LayerOrigins = {
    module,
    declared: () => (options.declared?.current() as Tree | undefined) ?? atStart,
    folder,
    environment,
    overlayFile,
    env: options.env ?? process.env,
    secrets,
    kernelSchema,
    schema,
  };
  const listeners = new Set<{ path: readonly string[]; listener: (value: unknown, previous: unknown) => void }>();
  const stops: Array<() => void> = [];
  let state = await read();
  let watching = false;
  let reloading = Promise.resolve();

  async function read(): Promise<State<T>> {
    const merged = mergeLayers(await readLayers(origins));
    const problems = check(merged);
    if (problems.length > 0) throw new ConfigError(module, problems);
    const own = Object.fromEntries(Object.entries(merged.tree).filter(([key]) => !KERNEL_KEYS.has(key)));
    return deepFreeze({ value: own as T, kernel: kernelSettings(module, environment, merged.tree), ...merged });
  }

  async function reload(logger: Logger): Promise<void> {
    let next: State<T>;
    try {
      next = await read();
    } catch (error) {
      if (!(error instanceof ConfigError)) return logger.error("configuration could not be read again", { error });
      for (const { key, source, rule } of error.problems) logger.error("configuration change refused", { key, source, rule });
      return;
    }
    if (!watching || isDeepStrictEqual(next.tree, state.tree)) return;
    const previous = state;
    state = next;
    logger.info("configuration changed", { keys: changedKeys(previous.tree, next.tree) });
    for (const { path, listener } of listeners) {
      const before = valueAt(previous.tree, path);
      const after = valueAt(next.tree, path);
      if (isDeepStrictEqual(before, after)) continue;
      try {
        listener(after, before);
      } catch (error) {
        logger.error("a listener to a configuration change failed", { key: path.join("."), error });
      }
    }
  }

  return {
    get value() {
      return state.value;
    },
    get kernel() {
      return state.kernel;
    },
    get: (path) => valueAt(state.tree, path.split(".")),
    source: (path) => sourceOf(state.sources, path),
    onChange(path, listener) {
      const entry = { path: path.split("."), listener };
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
    describe() {
      return [...state.sources]
        .map(([key, source]) => describeEntry(schema, state.tree, key, source))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    watch(logger) {
      if (watching) return;
      watching = true;
      const again = () => {
        reloading = reloading.then(() => reload(logger));
      };
      const folders = new Set([join(folder, "config"), ...(overlayFile === undefined ? [] : [dirname(overlayFile)])]);
      for (const watched of folders) stops.push(watchFolder(watched, again));
      if (secrets !== undefined) stops.push(secrets.onChange(again));
      if (options.declared !== undefined) stops.push(options.declared.onChange(again));
      // What changed between the first reading and the watch is not missed.
      again();
    },
    close() {
      watching = false;
      for (const stop of stops.splice(0)) stop();
    },
  };
}

/** Keys that nobody declared are refused: a misspelt key that is silently ignored costs an evening. */
function combinedSchema(module: string, spec: LoadConfigOptions["module"]["spec"]): Schema {
  const keysOfConfig = Object.fromEntries(Object.keys(spec.config ?? {}).map((key) => [key, {}]));
  const own = (spec.configSchema ?? { type: "object", properties: keysOfConfig }) as Schema;
  const taken = Object.keys(own.properties ?? {}).filter((key) => KERNEL_KEYS.has(key));
  if (taken.length > 0) {
    throw new ConfigError(
      module,
      taken.map((key) => ({ key, source: "configSchema", rule: "is a kernel setting; give the module's own key another name" })),
    );
  }
  return {
    ...own,
    properties: { ...kernelSchema.properties, ...own.properties },
    additionalProperties: own.additionalProperties ?? false,
  };
}

/** Names only: values may be secrets. */
function changedKeys(before: unknown, after: unknown, prefix = ""): string[] {
  if (!isTree(before) || !isTree(after)) return isDeepStrictEqual(before, after) ? [] : [prefix];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => changedKeys(before[key], after[key], prefix === "" ? key : `${prefix}.${key}`));
}
