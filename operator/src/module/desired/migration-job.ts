import type { KubeObject } from "@plinth/kernel/kube";
import { databaseSchema, isKernelModule, type Module } from "@plinth/module";
import type { Parts } from "../parts.ts";
import type { Resolved } from "../resolved.ts";
import type { Settings } from "../settings.ts";
import { ROTATE_DATABASE } from "./database-secrets.ts";
import { hashOf } from "./desired-hash.ts";
import { placeVariables } from "./environment.ts";
import { childMetadata, labelsOf, NAME_LABEL } from "./metadata.ts";
import { databaseSecretName, migrationName, ownerSecretName } from "./names.ts";
import { needsPostgres } from "./needs-postgres.ts";
import { ADMINISTRATOR_PATH, DATABASE_PATH, OWNER_PATH } from "./paths.ts";
import { containerSecurity, podSecurity } from "./security.ts";
import { type Mounted, mountsOf, scratch, secretFiles, volumesOf } from "./volumes.ts";

/** The longest name of a Job: its pods carry it in a label. */
const MAX_NAME_LENGTH = 63;
/** A Job that hangs must fail some day, so that somebody hears of it: migrations of large tables have an hour. */
const DEADLINE_SECONDS = 3600;
const GRACE_SECONDS = 30;

/**
 * Makes the module's roles and schema (`provision`, by the platform's own image: it alone sees the administrator's credentials), then runs the new
 * image's migrations (`migrate`, which sees the schema owner's only). Undefined where the module has no role on Postgres.
 *
 * Its name tells the version and everything that it depends on: what was done once is not done again, and what needs more gets a Job of its own. A
 * Job is not repeated: the operator makes the next one, later each time.
 */
export function buildMigrationJob(
  { module }: Resolved,
  settings: Settings,
  parts: Pick<Parts, "migrationAttempt">,
): KubeObject | undefined {
  if (!needsPostgres(module)) return undefined;
  const template = buildTemplate(module, settings);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: childMetadata(module, jobName(module, hashOf(substance(module, settings), 8), parts.migrationAttempt), {
      labels: { [NAME_LABEL]: migrationName(module.metadata.name) },
    }),
    spec: { backoffLimit: 0, completions: 1, parallelism: 1, activeDeadlineSeconds: DEADLINE_SECONDS, template },
  };
}

/** What the outcome depends on. Not the order of the platform's mounts, nor its pull policy: an operator of another version must not migrate anew. */
function substance(module: Module, settings: Settings): object {
  const { version, image = settings.defaultImage, database, events } = module.spec;
  return { version, image, database, isOnBus: events !== undefined, rotation: module.metadata.annotations?.[ROTATE_DATABASE] };
}

/** `pricing-migrate-1-4-0-5f0c12ab`; from the second try on with its number at the end. */
function jobName(module: Module, hash: string, attempt: number): string {
  const ending = `-${hash}${attempt > 1 ? `-${attempt}` : ""}`;
  const version = module.spec.version.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const room = MAX_NAME_LENGTH - ending.length;
  return `${migrationName(module.metadata.name)}-${version}`.slice(0, room).replace(/-+$/, "") + ending;
}

function buildTemplate(module: Module, settings: Settings): object {
  const { name } = module.metadata;
  const migrates = isKernelModule(module) && module.spec.database !== undefined;
  const administrator = secretFiles("administrator", settings.databaseSecret, ["url"], ADMINISTRATOR_PATH);
  const service = secretFiles("database", databaseSecretName(name), ["url", "username", "password"], DATABASE_PATH);
  const owner = secretFiles("owner", ownerSecretName(name), ["url"], OWNER_PATH);
  // The declaration is where pods read it only after the migration.
  const schema = databaseSchema(module);
  const env = [...placeVariables(module), ...(schema === undefined ? [] : [{ name: "PLINTH_DATABASE_SCHEMA", value: schema }])];
  const step = (stepName: string, image: string, mounted: readonly Mounted[]): object => ({
    name: stepName,
    image,
    imagePullPolicy: settings.imagePullPolicy,
    args: ["cluster", stepName, name],
    env,
    // The migrations' result, as JSON, or the last lines of what went wrong.
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: containerSecurity(settings),
    volumeMounts: mountsOf([...mounted, ...scratch()]),
  });
  const provision = step("provision", settings.defaultImage, [administrator, service, owner]);
  return {
    metadata: { labels: { ...labelsOf(module), [NAME_LABEL]: migrationName(name) } },
    spec: {
      serviceAccountName: name,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: GRACE_SECONDS,
      ...(settings.imagePullSecrets.length > 0 && { imagePullSecrets: settings.imagePullSecrets.map((secret) => ({ name: secret })) }),
      securityContext: podSecurity(undefined),
      ...(migrates
        ? { initContainers: [provision], containers: [step("migrate", module.spec.image ?? settings.defaultImage, [owner])] }
        : { containers: [provision] }),
      volumes: volumesOf([administrator, service, owner, ...scratch()]),
    },
  };
}
