import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { ConfigError } from "./config-error.ts";
import { isTree, type Layer, mergeLayers, type Tree, treeOf } from "./layers.ts";
import { findPath, isSecretPath, readAs, type Schema, schemaLeaves, variableName } from "./schema-tree.ts";
import type { SecretSource } from "./secret-source.ts";

/** Everything the values of one module may come from. */
export interface LayerOrigins {
  /** The module's name. */
  readonly module: string;
  /** `spec.config` of the module. */
  readonly declared: () => Tree;
  /** The service's folder; its `config/default.yaml` and `config/<environment>.yaml` are read where they exist. */
  readonly folder: string;
  readonly environment: string;
  readonly overlayFile: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly secrets: SecretSource | undefined;
  readonly kernelSchema: Schema;
  /** Kernel and module keys together. */
  readonly schema: Schema;
}

/** Reads every layer anew, the weakest first. */
export async function readLayers(origins: LayerOrigins): Promise<Layer[]> {
  const { module, folder, environment, overlayFile } = origins;
  const files = await Promise.all([
    fileLayer(module, join(folder, "config", "default.yaml"), "config/default.yaml"),
    fileLayer(module, join(folder, "config", `${environment}.yaml`), `config/${environment}.yaml`),
    overlayFile === undefined ? undefined : fileLayer(module, overlayFile, `overlay ${basename(overlayFile)}`),
  ]);
  return [
    defaultLayer(origins.schema),
    { source: "module.yaml", tree: origins.declared() },
    ...files.filter((layer) => layer !== undefined),
    ...variableLayers("PLINTH", origins.kernelSchema, origins.env),
    ...variableLayers(variableName(module, []), origins.schema, origins.env),
    ...secretLayers("PLINTH", origins.kernelSchema, origins.secrets),
    ...secretLayers(variableName(module, []), origins.schema, origins.secrets),
  ];
}

function defaultLayer(schema: Schema): Layer {
  const defaults = schemaLeaves(schema).filter(({ schema: leaf }) => leaf.default !== undefined);
  const layers = defaults.map(({ path, schema: leaf }) => ({ source: "default", tree: treeOf(path, leaf.default) }));
  return { source: "default", tree: mergeLayers(layers).tree };
}

async function fileLayer(module: string, file: string, source: string): Promise<Layer | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new ConfigError(module, [{ key: "*", source, rule: `cannot be read (${code})` }]);
  }
  let tree: unknown;
  try {
    tree = parse(text) ?? {};
  } catch (error) {
    // Only the first line: the next ones quote the text, which may hold a secret.
    throw new ConfigError(module, [{ key: "*", source, rule: `is no YAML: ${(error as Error).message.split("\n")[0]}` }]);
  }
  if (!isTree(tree)) throw new ConfigError(module, [{ key: "*", source, rule: "must be a mapping of keys to values" }]);
  return { source, tree };
}

/** Variables that mean no key are left alone: a machine's environment holds many that merely begin like a module's name. */
function variableLayers(prefix: string, schema: Schema, env: LayerOrigins["env"]): Layer[] {
  const layers: Layer[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(`${prefix}_`)) continue;
    const words = name
      .slice(prefix.length + 1)
      .toLowerCase()
      .split("_")
      .filter((word) => word !== "");
    const found = words.length === 0 ? undefined : findPath(schema, words);
    if (found !== undefined) layers.push({ source: `environment variable ${name}`, tree: treeOf(found.path, readAs(found.schema, text)) });
  }
  return layers;
}

/** A secret fills a key when it is named as the variable for that key would be, and the key is one that holds a secret. */
function secretLayers(prefix: string, schema: Schema, secrets: SecretSource | undefined): Layer[] {
  if (secrets === undefined) return [];
  return schemaLeaves(schema).flatMap(({ path, schema: leaf }) => {
    if (!isSecretPath(schema, path)) return [];
    const name = variableName(prefix, path);
    const value = secrets.get(name);
    return value === undefined ? [] : [{ source: `secret ${name}`, tree: treeOf(path, readAs(leaf, value)) }];
  });
}
