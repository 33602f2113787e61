import { scrubText, sensitivityOf } from "../base/sensitive.ts";
import type { ConfigEntry } from "./config.ts";
import { isTree, type Tree, valueAt } from "./layers.ts";
import { isSecretPath, type Schema } from "./schema-tree.ts";

const MASK = "********";

/** One key as people may see it. */
export function describeEntry(schema: Schema, tree: Tree, key: string, source: string): ConfigEntry {
  const path = key.split(".");
  const secret = source.startsWith("secret ") || isSecretPath(schema, path);
  return { key, value: secret ? MASK : withoutSecrets(valueAt(tree, path)), source, secret };
}

/** Secrets hide in lists of mappings and in URLs too. */
function withoutSecrets(value: unknown): unknown {
  if (typeof value === "string") return scrubText(value);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, sensitivityOf(key) === "secret" ? MASK : withoutSecrets(inner)]),
  );
}
