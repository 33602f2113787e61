import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CelInput, run } from "@bufbuild/cel";
import { describe, expect, test } from "@jest/globals";
import type { Module, ModuleSpec, ModuleStatus, Problem } from "@plinth/module";
import { parse } from "yaml";
import { revisionName } from "../../operator/src/module/revisions.ts";
import { deriveStatus } from "../../operator/src/module/status/derive-status.ts";
import type { Observed } from "../../operator/src/module/status/observed.ts";
import { runHealthCheck } from "./run-lua.ts";

const GITOPS = join(import.meta.dirname, "../../k8s/gitops");
const read = (file: string): unknown => parse(readFileSync(join(GITOPS, file), "utf8"));

const aModule = (given: { spec?: Partial<ModuleSpec>; metadata?: Partial<Module["metadata"]> } = {}): Module => ({
  apiVersion: "plinth.dev/v1alpha1",
  kind: "Module",
  metadata: { name: "pricing", namespace: "shop", generation: 7, ...given.metadata },
  spec: { version: "1.4.0", ...given.spec },
});

const old = aModule({ spec: { version: "1.3.0" } });
const verdict = { refused: [], waiting: [], warnings: [], requiredBy: [] };
const problem: Problem = {
  module: "pricing",
  path: "spec.dependencies[0].module",
  value: "catalog",
  reason: "DependencyMissing",
  message: "it is wrong",
  mend: "mend it",
};

/** The module with the status that the operator would give it. */
function observed(given: Partial<Observed>): Module {
  const module = given.module ?? aModule();
  const status: ModuleStatus = deriveStatus({
    module,
    status: undefined,
    verdict,
    rollout: { step: "done", target: revisionName(module), serve: revisionName(module) },
    serving: module,
    deployment: { revision: revisionName(module), wanted: 2, replicas: 2, ready: 2, progress: "complete", updated: true, message: "" },
    migration: { state: "not-needed" },
    dependencies: [],
    conflicts: [],
    failure: undefined,
    deletion: undefined,
    settingsHash: "",
    now: new Date("2026-05-01T10:00:00Z"),
    ...given,
  });
  return { ...module, status };
}

const down = { revision: "r", wanted: 2, replicas: 2, ready: 0, progress: "progressing", updated: true, message: "" } as const;
const before = { serving: old, status: { currentRevision: revisionName(old), version: "1.3.0" } };
const deleted = aModule({ metadata: { deletionTimestamp: "2026-05-01T10:00:00Z" } });

/** What Argo CD is to say, and Flux. A deletion is nothing that Flux asks about. */
const cases: [string, Module, argo: string, flux: string][] = [
  ["running", observed({}), "Healthy", "Current"],
  ["never reconciled", aModule(), "Progressing", "InProgress"],
  ["changed since", { ...observed({}), metadata: { ...aModule().metadata, generation: 8 } }, "Progressing", "InProgress"],
  [
    "rejected",
    observed({
      verdict: { ...verdict, refused: [problem] },
      rollout: { step: "wait", target: undefined, serve: undefined },
      serving: undefined,
      deployment: undefined,
    }),
    "Degraded",
    "Failed",
  ],
  [
    "rejected while the last good version serves",
    observed({ ...before, verdict: { ...verdict, refused: [problem] } }),
    "Degraded",
    "Failed",
  ],
  [
    "waiting for a dependency",
    observed({
      verdict: { ...verdict, waiting: [{ ...problem, reason: "DependencyNotRunning" }] },
      rollout: { step: "wait", target: undefined, serve: undefined },
      serving: undefined,
      deployment: undefined,
    }),
    "Progressing",
    "InProgress",
  ],
  [
    "rolling out",
    observed({ ...before, rollout: { step: "roll-out", target: "r", serve: "r" }, deployment: down }),
    "Progressing",
    "InProgress",
  ],
  [
    "migration failed",
    observed({ ...before, migration: { state: "failed" }, rollout: { step: "migrate", target: "r", serve: "o" } }),
    "Progressing",
    "InProgress",
  ],
  ["rolling back", observed({ ...before, rollout: { step: "fail", target: "r", serve: "r" } }), "Progressing", "InProgress"],
  ["rolled back", observed({ ...before, rollout: { step: "rolled-back", target: "r", serve: "o" } }), "Degraded", "Failed"],
  ["stuck", observed({ serving: undefined, rollout: { step: "stuck", target: "r", serve: "r" }, deployment: down }), "Degraded", "Failed"],
  ["degraded: a replica is away", observed({ deployment: { ...down, ready: 1 } }), "Degraded", "Failed"],
  ["degraded: an optional dependency is away", observed({ verdict: { ...verdict, warnings: [problem] } }), "Healthy", "Current"],
  [
    "paused",
    observed({ module: aModule({ spec: { paused: true } }), rollout: { step: "paused", target: "r", serve: "r" } }),
    "Suspended",
    "Current",
  ],
  ["stopping", observed({ module: deleted, deletion: { blockedBy: [] } }), "Progressing", "InProgress"],
  ["kept by those that need it", observed({ module: deleted, deletion: { blockedBy: ["order"] } }), "Degraded", "Current"],
];

describe("Argo CD", () => {
  const { data } = read("argo-cd/argocd-cm.yaml") as { data: Record<string, string> };
  const script = data["resource.customizations.health.plinth.dev_Module"] ?? "";

  test.each(cases)("%s", (_name, module, argo) => {
    const { status, message } = runHealthCheck(script, module);
    expect(status).toBe(argo);
    expect(message).not.toBe("");
  });

  test("the message is the condition's", () => {
    const { message } = runHealthCheck(script, observed({ ...before, verdict: { ...verdict, refused: [problem] } }));
    expect(message).toContain("it is wrong");
  });
});

describe("Flux", () => {
  const { spec } = read("flux/kustomization.yaml") as {
    spec: { healthCheckExprs: [{ inProgress: string; failed: string; current: string }] };
  };
  const [expressions] = spec.healthCheckExprs;

  /** In Flux's own order. An expression that cannot be evaluated lets it wait. */
  function evaluate(module: Module): string {
    const { metadata, status } = module;
    if (status?.observedGeneration !== undefined && status.observedGeneration !== metadata.generation) return "InProgress";
    try {
      const input = JSON.parse(JSON.stringify(module)) as Record<string, CelInput>;
      if (run(expressions.inProgress, input) === true) return "InProgress";
      if (run(expressions.failed, input) === true) return "Failed";
      if (run(expressions.current, input) === true) return "Current";
    } catch (error) {
      if (status !== undefined) throw error;
    }
    return "InProgress";
  }

  test.each(cases)("%s", (_name, module, _argo, flux) => {
    expect(evaluate(module)).toBe(flux);
  });
});
