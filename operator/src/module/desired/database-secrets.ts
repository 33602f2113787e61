import type { KubeObject } from "@plinth/kernel/kube";
import type { DatabaseAccess } from "../parts.ts";
import type { Resolved } from "../resolved.ts";
import { childMetadata } from "./metadata.ts";
import { databaseSecretName, ownerSecretName } from "./names.ts";
import { needsPostgres } from "./needs-postgres.ts";

/** Annotation of a Module: asks for new passwords of its database roles, by any new value. */
export const ROTATE_DATABASE = "plinth.dev/rotate-database";

/** The module's roles on Postgres: the one that serves, and the one that owns the schema, which only Jobs mount. */
export function buildDatabaseSecrets({ module }: Resolved, access: DatabaseAccess | undefined): KubeObject[] {
  if (access === undefined || !needsPostgres(module)) return [];
  const { name } = module.metadata;
  const { url, username, password, ownerUrl } = access;
  const secret = (secretName: string, values: Readonly<Record<string, string>>): KubeObject => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: childMetadata(module, secretName),
    type: "Opaque",
    data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, encodeSecret(value)])),
  });
  return [secret(databaseSecretName(name), { url, username, password }), secret(ownerSecretName(name), { url: ownerUrl })];
}

/** A value as a Secret's `data` holds it. `stringData` could not be compared with what the API server then has. */
export function encodeSecret(value: string): string {
  return Buffer.from(value, "utf8").toString("base64");
}
