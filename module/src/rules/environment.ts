import semver from "semver";
import type { Report } from "../finding.ts";
import type { Module } from "../schema/module.ts";
import type { SecretReference } from "../schema/spec.ts";

/** With this annotation, set to "true", a module may go back to a lower version. */
export const ALLOW_DOWNGRADE = "plinth.dev/allow-downgrade";

/** Whether the environment has a secret that a module names. */
export type HasSecret = (module: Module, secret: SecretReference) => boolean;

/** Whether a secret is the platform's own, which no module may be given. */
export type IsReservedSecret = (module: Module, secret: SecretReference) => boolean;

/** No module takes a secret that is not meant for it, present or not. */
export function checkReservedSecrets(module: Module, isReserved: IsReservedSecret, report: Report): void {
  for (const [index, secret] of (module.spec.secrets ?? []).entries()) {
    if (!isReserved(module, secret)) continue;
    report({
      reason: "SchemaInvalid",
      path: ["spec", "secrets", index, "from", "secret"],
      value: secret.from.secret,
      message: `the secret ${secret.from.secret} holds credentials of the platform's database, which no module is given`,
      mend: "name a secret of the module's own; for a database of its own it declares spec.database",
    });
  }
}

/** Each required secret is there. */
export function checkSecrets(module: Module, hasSecret: HasSecret, report: Report): void {
  for (const [index, secret] of (module.spec.secrets ?? []).entries()) {
    if (secret.optional === true || secret.generate === true || hasSecret(module, secret)) continue;
    report({
      reason: "SecretMissing",
      path: ["spec", "secrets", index, "from"],
      value: undefined,
      message: `the secret for ${secret.name} is missing: key ${secret.from.key} of ${secret.from.secret}`,
      mend: `create the secret ${secret.from.secret} with the key ${secret.from.key}, or make it optional`,
    });
  }
}

/** A module with a database does not go back to a lower version unasked: its migrations only go forward. */
export function checkDowngrade(module: Module, running: string | undefined, report: Report): void {
  const { version, database } = module.spec;
  if (running === undefined || database === undefined || semver.valid(running) === null || semver.valid(version) === null) return;
  if (!semver.lt(version, running) || module.metadata.annotations?.[ALLOW_DOWNGRADE] === "true") return;
  report({
    reason: "Downgrade",
    path: ["spec", "version"],
    value: version,
    message: `version ${running} is running, and its migrations would have to be undone`,
    mend: `install ${running} or higher, or set the annotation ${ALLOW_DOWNGRADE}: "true" once the older code is known to work with the newer schema`,
  });
}
