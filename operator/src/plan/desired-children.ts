import type { KubeObject } from "@plinth/kernel/kube";
import type { Module } from "@plinth/module";
import { buildChildPhases, CHILD_PHASES } from "../module/desired/children.ts";
import { ROTATE_DATABASE } from "../module/desired/database-secrets.ts";
import { buildMigrationJob } from "../module/desired/migration-job.ts";
import { annotated, MIGRATION_ANNOTATION, markJob } from "../module/migration-jobs.ts";
import type { Parts } from "../module/parts.ts";
import type { Resolved } from "../module/resolved.ts";
import type { Settings } from "../module/settings.ts";

/** The children of a module once it is rolled out, in the order in which they are applied, and the name of its migration's first Job. */
export function desiredChildren(
  resolved: Resolved,
  settings: Settings,
  parts: Parts,
): { children: KubeObject[]; migration: string | undefined } {
  const phases = buildChildPhases(resolved, settings, parts);
  const migration = buildMigrationJob(resolved, settings, { migrationAttempt: 1 })?.metadata.name;
  const children = CHILD_PHASES.flatMap((phase) => phases[phase]).map((child) => marked(child, resolved.module, migration, parts));
  return { children, migration };
}

/** With the annotations by which later reconciles know what was done. */
function marked(child: KubeObject, module: Module, migration: string | undefined, { migrationAttempt }: Parts): KubeObject {
  const rotation = module.metadata.annotations?.[ROTATE_DATABASE];
  if (child.kind === "Secret" && rotation !== undefined) return annotated(child, { [ROTATE_DATABASE]: rotation });
  if (migration === undefined) return child;
  if (child.kind === "Job") return markJob(child, migration, migrationAttempt);
  if (child.kind === "Deployment") return annotated(child, { [MIGRATION_ANNOTATION]: migration });
  return child;
}
