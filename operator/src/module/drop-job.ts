import type { KubeObject } from "@plinth/kernel/kube";
import { buildMigrationJob } from "./desired/migration-job.ts";
import { markJob } from "./migration-jobs.ts";
import type { Resolved } from "./resolved.ts";
import type { Settings } from "./settings.ts";

/** The name by which the tries of dropping a module's data are told from its migrations. */
export const dropName = (module: string): string => `${module}-drop`;

interface PodTemplate {
  readonly metadata?: object;
  readonly spec: { readonly initContainers?: readonly object[]; readonly containers: readonly object[] };
}

/**
 * Drops the schema and roles of a module that goes, with `deletionPolicy: Delete`: what the Job that provisions them would see, and another command. Undefined
 * where the module has none.
 */
export function buildDropJob(resolved: Resolved, settings: Settings, attempt: number): KubeObject | undefined {
  const provision = buildMigrationJob(resolved, settings, { migrationAttempt: 1 });
  if (provision === undefined) return undefined;
  const { name } = resolved.module.metadata;
  const { template, ...job } = provision.spec as { readonly template: PodTemplate };
  const { initContainers, containers, ...pod } = template.spec;
  const [container] = initContainers ?? containers;
  const drop = {
    ...provision,
    metadata: { ...provision.metadata, name: `${dropName(name)}${attempt > 1 ? `-${attempt}` : ""}` },
    spec: {
      ...job,
      template: { ...template, spec: { ...pod, containers: [{ ...container, name: "drop", args: ["cluster", "drop", name] }] } },
    },
  };
  return markJob(drop, dropName(name), attempt);
}
