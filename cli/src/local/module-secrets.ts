import { join } from "node:path";
import type { Module } from "@plinth/module";
import { ensureSecretFile } from "./secret-file.ts";

/** Makes the secrets that modules leave to the platform (`generate: true`), each a file; the environment still wins over them. */
export function ensureModuleSecrets(folder: string, modules: readonly Module[]): void {
  for (const { spec } of modules) {
    for (const secret of spec.secrets ?? []) if (secret.generate === true) ensureSecretFile(join(folder, secret.name));
  }
}
