import type { KubeObject } from "@plinth/kernel/kube";
import type { ModuleStatus } from "@plinth/module";
import { settingsHash } from "../module/settings-hash.ts";
import { findCondition } from "../module/status/conditions.ts";
import { readOperatorConfig } from "../process/operator-config.ts";
import { followModules } from "./follow-modules.ts";

export interface WaitOptions {
  /** The operator that must have brought them up: its settings, and its version. Any will do if left out. */
  readonly operator?: { readonly settingsFile: string; readonly version: string };
  readonly selector?: string;
  readonly timeoutMs: number;
  readonly write: (line: string) => void;
}

/** Reasons for which a Module does not come up any more, whatever becomes of the others. */
const HOPELESS: ReadonlySet<string> = new Set(["RolledBack", "ProgressDeadlineExceeded"]);

/**
 * Waits until every Module of the namespace is Ready as it is declared now, by what the operator makes of it now: while an upgraded one has not begun, they
 * are Ready as they were before. Resolves with the exit code: 1 when time is up, or one of them has failed.
 */
export async function waitForModules({ selector, timeoutMs, write, operator }: WaitOptions): Promise<number> {
  const wanted = operator && settingsHash((await readOperatorConfig(operator.settingsFile)).config, operator.version);
  const isReady = (module: KubeObject): boolean => isUp(module) && (wanted === undefined || settingsOf(module) === wanted);
  const modules = await followModules(selector);
  const { store } = modules;
  const outcome = await new Promise<"ready" | "failed" | "late">((resolve) => {
    const timer = setTimeout(() => resolve("late"), timeoutMs);
    const look = (): void => {
      if (!store.synced) return;
      const all = [...store.list()];
      const end = all.some(hasFailed) ? "failed" : all.every(isReady) ? "ready" : undefined;
      if (end === undefined) return;
      clearTimeout(timer);
      resolve(end);
    };
    store.onChange(look);
    // A namespace without Modules brings no change.
    void store.whenSynced(modules.signal).then(look, () => undefined);
  });
  const left = [...store.list()].filter((module) => !isReady(module));
  await modules.end();
  if (outcome === "ready") {
    write(`${store.size} modules are ready.`);
    return 0;
  }
  write(
    outcome === "late"
      ? `After ${Math.round(timeoutMs / 1000)} s these modules are not ready:`
      : "These modules are not ready, and some have failed:",
  );
  for (const module of left) write(`  ${describe(module)}${isUp(module) ? "; not yet by the operator's new settings" : ""}`);
  return 1;
}

function isUp({ metadata, status }: KubeObject): boolean {
  const { observedGeneration } = (status ?? {}) as ModuleStatus;
  const condition = (type: "Ready" | "Stalled"): string | undefined => findCondition(status as ModuleStatus | undefined, type)?.status;
  return observedGeneration === metadata.generation && condition("Ready") === "True" && condition("Stalled") !== "True";
}

function hasFailed({ metadata, status }: KubeObject): boolean {
  const { observedGeneration } = (status ?? {}) as ModuleStatus;
  const stalled = findCondition(status as ModuleStatus | undefined, "Stalled");
  return observedGeneration === metadata.generation && stalled?.status === "True" && HOPELESS.has(stalled.reason);
}

function settingsOf({ status }: KubeObject): string | undefined {
  return (status as ModuleStatus | undefined)?.settingsHash;
}

function describe({ metadata, status }: KubeObject): string {
  const { phase = "not seen by the operator yet" } = (status ?? {}) as ModuleStatus;
  const ready = findCondition(status as ModuleStatus | undefined, "Ready");
  return [metadata.name, phase, ready?.reason, ready?.message].filter((part) => part !== undefined && part !== "").join(", ");
}
