import type { KubeObject } from "@plinth/kernel/kube";
import type { ModuleSpec, ModuleStatus } from "@plinth/module";
import { KINDS } from "../kube/kinds.ts";
import { createWriter } from "../kube/writer.ts";
import { FORCE_DELETE } from "../module/deletion.ts";
import { findCondition } from "../module/status/conditions.ts";
import { followModules } from "./follow-modules.ts";

export interface StopOptions {
  readonly selector?: string;
  readonly timeoutMs: number;
  readonly write: (line: string) => void;
}

/**
 * Deletes the Modules of the namespace and waits until the operator has taken all of them down: they go in the order of their dependencies by themselves.
 * What others cannot do without is not begun with. Resolves with the exit code: 1 when time is up, or others stand in the way.
 */
export async function stopModules({ selector, timeoutMs, write }: StopOptions): Promise<number> {
  const modules = await followModules(selector);
  const { client, namespace, store } = modules;
  const writer = createWriter(client);
  await store.whenSynced(modules.signal);
  const needed = findNeeded([...store.list()], (await client.list(KINDS.Module, { namespace })).items);
  if (needed.length > 0) {
    write("Nothing was stopped, for other modules cannot do without these:");
    for (const { name, by } of needed) write(`  ${name} is needed by ${by.join(", ")}`);
    write(`Delete those first, or set the annotation ${FORCE_DELETE}: "true" on what they need.`);
    return end(1);
  }
  await Promise.all([...store.list()].map((module) => writer.delete(module)));
  const isGone = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs);
    const look = (): void => {
      if (store.size > 0) return;
      clearTimeout(timer);
      resolve(true);
    };
    store.onChange(look);
    look();
  });
  for (const { metadata, status } of store.list()) {
    const { phase = "unseen" } = (status ?? {}) as ModuleStatus;
    const blocked = findCondition(status as ModuleStatus | undefined, "DeletionBlocked");
    write(`  ${metadata.name} is still there: ${blocked?.status === "True" ? blocked.message : phase}`);
  }
  return end(isGone ? 0 : 1);

  async function end(code: number): Promise<number> {
    await modules.end();
    return code;
  }
}

/** Those of `going` that modules which stay require, and by whom. */
function findNeeded(going: readonly KubeObject[], all: readonly KubeObject[]): { readonly name: string; readonly by: readonly string[] }[] {
  const goes = new Set(going.map(({ metadata }) => metadata.name));
  const stay = all.filter(({ metadata }) => !goes.has(metadata.name) && metadata.deletionTimestamp === undefined);
  return going
    .filter(({ metadata }) => metadata.annotations?.[FORCE_DELETE] !== "true")
    .map(({ metadata: { name } }) => ({ name, by: stay.filter((module) => requires(module, name)).map(({ metadata }) => metadata.name) }))
    .filter(({ by }) => by.length > 0);
}

function requires({ spec }: KubeObject, name: string): boolean {
  const { dependencies } = (spec ?? {}) as Partial<ModuleSpec>;
  return dependencies?.some(({ module, optional }) => module === name && optional !== true) ?? false;
}
