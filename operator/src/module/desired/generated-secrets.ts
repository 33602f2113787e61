import type { KubeObject } from "@plinth/kernel/kube";
import type { Module } from "@plinth/module";
import { encodeSecret } from "./database-secrets.ts";
import { MANAGED_BY, OPERATOR } from "./metadata.ts";

/** Marks a Secret that the operator made. It belongs to no Module and is never deleted: what it encrypts would be lost with it. */
export const GENERATED_LABEL = "plinth.dev/generated";

/** A key of a Secret. */
export interface SecretKey {
  readonly secret: string;
  readonly key: string;
}

/** The keys that the operator makes where they are missing, each once. */
export function generatedKeys({ spec }: Module): SecretKey[] {
  const keys = (spec.secrets ?? []).filter(({ generate }) => generate === true).map(({ from }) => from);
  return [...new Map(keys.map(({ secret, key }) => [`${secret}/${key}`, { secret, key }])).values()];
}

/**
 * Secrets with the values that are missing: to be created where there is none, else to be merged into the one that is there, never applied as a
 * whole, for other keys of it are others' business. Not among the children: no owner, no hash, no drift.
 */
export function buildGeneratedSecrets(module: Module, values: readonly (SecretKey & { readonly value: string })[]): KubeObject[] {
  const { namespace } = module.metadata;
  const bySecret = Map.groupBy(values, ({ secret }) => secret);
  return [...bySecret].map(([name, entries]) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, ...(namespace !== undefined && { namespace }), labels: { [GENERATED_LABEL]: "true", [MANAGED_BY]: OPERATOR } },
    type: "Opaque",
    data: Object.fromEntries(entries.map(({ key, value }) => [key, encodeSecret(value)])),
  }));
}
