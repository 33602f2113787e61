import { type Module, neighbourhoods, type Problem, resolve } from "@plinth/module";
import { mayStillCome } from "../admission/may-still-come.ts";
import { reservedSecrets } from "../module/reserved-secrets.ts";
import { resolveModule } from "../module/resolved.ts";
import type { Settings } from "../module/settings.ts";
import { desiredChildren } from "./desired-children.ts";
import type { Plan } from "./plan.ts";

export interface OfflinePlanOptions {
  readonly settings: Settings;
  readonly namespace: string;
  /** Names of those to plan for; the others are there to be depended on. */
  readonly names: ReadonlySet<string>;
  readonly drafts: readonly Module[];
  readonly problems: readonly Problem[];
}

/** What would be made of modules in a cluster that has nothing of them yet. */
export function planOffline(modules: readonly Module[], { settings, namespace, names, drafts, problems }: OfflinePlanOptions): Plan {
  const placed = modules.map((module) => ({ ...module, metadata: { ...module.metadata, namespace } }));
  const { rejected, waiting, warnings } = resolve(placed, { drafts, problems, isReservedSecret: reservedSecrets(settings.databaseSecret) });
  const byName = new Map(placed.map((module) => [module.metadata.name, module]));
  // What other files may bring is no reason not to show what this one makes.
  const isToCome = (problem: Problem): boolean => mayStillCome(problem, byName.get(problem.module));
  const found = rejected.filter(({ module }) => names.has(module) || module === "").flatMap((group) => group.problems);
  const refused = rejected.filter((group) => !group.problems.every(isToCome)).map(({ module }) => module);
  const accepted = placed.filter(({ metadata }) => !refused.includes(metadata.name));
  const neighboursOf = neighbourhoods(accepted);
  return {
    refused: found.filter((problem) => !isToCome(problem)),
    waiting: [...found.filter(isToCome), ...waiting.filter(({ module }) => names.has(module)).flatMap((group) => group.problems)],
    warnings: warnings.filter(({ module }) => names.has(module)),
    modules: accepted
      .filter(({ metadata }) => names.has(metadata.name))
      .map((module) => {
        const { children } = desiredChildren(resolveModule(module, neighboursOf(module)), settings, { revision: 1, migrationAttempt: 1 });
        return { module: module.metadata.name, objects: children.map((after) => ({ action: "create", after })), notes: [] };
      }),
  };
}
