import { describe, expect, test } from "@jest/globals";
import type { Module, ModuleSpec, Problem } from "@plinth/module";
import type { DeploymentState } from "../deployment-state.ts";
import { revisionName } from "../revisions.ts";
import { deriveStatus } from "./derive-status.ts";
import type { Observed } from "./observed.ts";

const NOW = new Date("2026-05-01T10:00:00.500Z");
const LATER = new Date("2026-05-01T11:00:00.500Z");

const aModule = (spec: Partial<ModuleSpec> = {}): Module => ({
  apiVersion: "plinth.dev/v1alpha1",
  kind: "Module",
  metadata: { name: "pricing", namespace: "shop", generation: 7 },
  spec: { version: "1.4.0", ...spec },
});

const upAt = (revision: string, given: Partial<DeploymentState> = {}): DeploymentState => ({
  revision,
  wanted: 2,
  replicas: 2,
  ready: 2,
  progress: "complete",
  updated: true,
  message: "",
  ...given,
});

function observe(given: Partial<Observed> = {}): Observed {
  const module = given.module ?? aModule();
  return {
    module,
    status: undefined,
    verdict: { refused: [], waiting: [], warnings: [], requiredBy: [] },
    rollout: { step: "done", target: revisionName(module), serve: revisionName(module) },
    serving: module,
    deployment: upAt(revisionName(module)),
    migration: { state: "not-needed" },
    dependencies: [],
    conflicts: [],
    failure: undefined,
    deletion: undefined,
    settingsHash: "new",
    now: NOW,
    ...given,
  };
}

const problem = (reason: Problem["reason"]): Problem => ({
  module: "pricing",
  path: "spec.dependencies[0].module",
  value: "catalog",
  reason,
  message: "it is wrong",
  mend: "mend it",
});

const verdictWith = (given: Partial<Observed["verdict"]>): Observed["verdict"] => ({
  refused: [],
  waiting: [],
  warnings: [],
  requiredBy: [],
  ...given,
});

/** Phase and conditions on a line each: `Ready=True/Running`. */
function shown(observed: Observed): string[] {
  const status = deriveStatus(observed);
  return [String(status.phase), ...(status.conditions ?? []).map(({ type, status: state, reason }) => `${type}=${state}/${reason}`)];
}

const notServed = { serving: undefined, deployment: undefined };
const old: Module = aModule({ version: "1.3.0" });
const before = { currentRevision: revisionName(old), version: "1.3.0" };
const stays = { serving: old, status: before };

test.each<[string, Partial<Observed>, string[]]>([
  [
    "running",
    {},
    ["Running", "Ready=True/Running", "Progressing=False/RolloutComplete", "Reconciling=False/RolloutComplete", "Stalled=False/AsDeclared"],
  ],
  [
    "refused, with nothing that serves",
    {
      ...notServed,
      verdict: verdictWith({ refused: [problem("RouteConflict")] }),
      rollout: { step: "wait", target: undefined, serve: undefined },
    },
    [
      "Rejected",
      "Validated=False/RouteConflict",
      "Ready=False/RouteConflict",
      "Stalled=True/RouteConflict",
      "Migrated=Unknown/Pending",
      "Degraded=Unknown/Pending",
    ],
  ],
  [
    "runs as declared, and a secret is gone",
    {
      status: { currentRevision: revisionName(aModule()), version: "1.4.0" },
      verdict: verdictWith({ refused: [problem("SecretMissing")] }),
    },
    ["Degraded", "Ready=True/Running", "Degraded=True/SecretMissing", "Validated=False/SecretMissing", "Stalled=True/SecretMissing"],
  ],
  [
    "the old one runs, and a secret of the new one is missing",
    { ...stays, verdict: verdictWith({ refused: [problem("SecretMissing")] }) },
    ["Rejected", "Ready=False/SecretMissing", "Stalled=True/SecretMissing"],
  ],
  [
    "refused for a dependency",
    {
      ...notServed,
      verdict: verdictWith({ refused: [problem("DependencyMissing")] }),
      rollout: { step: "wait", target: undefined, serve: undefined },
    },
    ["Rejected", "Validated=True/SchemaValid", "DependenciesResolved=False/DependencyMissing", "Stalled=True/DependencyMissing"],
  ],
  [
    "waits",
    {
      ...notServed,
      verdict: verdictWith({ waiting: [problem("DependencyNotRunning")] }),
      rollout: { step: "wait", target: undefined, serve: undefined },
    },
    [
      "Validated",
      "DependenciesResolved=False/DependencyNotRunning",
      "Progressing=True/DependencyNotRunning",
      "Reconciling=True/DependencyNotRunning",
      "Stalled=False/AsDeclared",
    ],
  ],
  [
    "migrates for the first time",
    { ...notServed, migration: { state: "running" }, rollout: { step: "migrate", target: "r", serve: undefined } },
    ["Initialized", "Migrated=False/MigrationRunning", "Reconciling=True/MigrationRunning", "Ready=False/MigrationRunning"],
  ],
  [
    "a migration failed, and the old one serves",
    { ...stays, migration: { state: "failed", message: "boom" }, rollout: { step: "migrate", target: "r", serve: before.currentRevision } },
    ["Running", "Migrated=False/MigrationFailed", "Ready=Unknown/MigrationFailed", "Stalled=False/AsDeclared"],
  ],
  [
    "rolls out for the first time",
    {
      serving: undefined,
      deployment: upAt("r", { ready: 0, progress: "progressing", updated: false }),
      rollout: { step: "roll-out", target: "r", serve: "r" },
    },
    ["Migrated", "Progressing=True/RollingOut", "Ready=False/RollingOut"],
  ],
  [
    "its replicas are there, and not ready",
    {
      serving: undefined,
      deployment: upAt("r", { ready: 0, progress: "progressing" }),
      rollout: { step: "roll-out", target: "r", serve: "r" },
    },
    ["Started", "Progressing=True/RollingOut", "Ready=False/RollingOut"],
  ],
  [
    "is rolled out while the old one serves",
    { ...stays, deployment: upAt("r", { progress: "progressing" }), rollout: { step: "roll-out", target: "r", serve: "r" } },
    ["Running", "Progressing=True/RollingOut", "Ready=Unknown/RollingOut", "Reconciling=True/RollingOut"],
  ],
  [
    "did not come up: noted first",
    { ...stays, deployment: upAt("r", { progress: "failed" }), rollout: { step: "fail", target: "r", serve: "r" } },
    ["RollingBack", "Progressing=True/RollingBack", "Ready=Unknown/RollingBack"],
  ],
  [
    "was rolled back",
    { ...stays, rollout: { step: "rolled-back", target: "r", serve: before.currentRevision } },
    ["Running", "Progressing=False/RolledBack", "Degraded=True/RolledBack", "Ready=True/RolledBack", "Stalled=True/RolledBack"],
  ],
  [
    "did not come up, and nothing was before it",
    {
      serving: undefined,
      deployment: upAt("r", { ready: 0, progress: "failed", message: "late" }),
      rollout: { step: "stuck", target: "r", serve: "r" },
    },
    [
      "Started",
      "Progressing=False/ProgressDeadlineExceeded",
      "Stalled=True/ProgressDeadlineExceeded",
      "Ready=False/ProgressDeadlineExceeded",
    ],
  ],
  [
    "one replica of two is away",
    { deployment: upAt("r", { ready: 1 }) },
    ["Degraded", "Degraded=True/ReplicasNotReady", "Ready=True/Running"],
  ],
  [
    "all replicas are away",
    { deployment: upAt("r", { ready: 0 }) },
    ["Degraded", "Degraded=True/ReplicasNotReady", "Ready=False/ReplicasNotReady"],
  ],
  [
    "a restart, or another image of the platform, does not come up",
    { deployment: upAt("r", { replicas: 3, progress: "failed", updated: false, message: "late" }) },
    ["Degraded", "Degraded=True/ProgressDeadlineExceeded", "Stalled=True/ProgressDeadlineExceeded", "Ready=True/Running"],
  ],
  ["none is wanted", { deployment: upAt("r", { wanted: 0, replicas: 0, ready: 0 }) }, ["Running", "Ready=True/ScaledToZero"]],
  [
    "an optional dependency is missing",
    { verdict: verdictWith({ warnings: [problem("DependencyMissing")] }) },
    ["Degraded", "Degraded=True/OptionalDependencyMissing", "Ready=True/Running"],
  ],
  [
    "what it needs went down",
    { verdict: verdictWith({ waiting: [problem("DependencyNotRunning")] }) },
    [
      "Degraded",
      "DependenciesResolved=False/DependencyNotRunning",
      "Degraded=True/DependencyNotRunning",
      "Ready=True/Running",
      "Progressing=False/RolloutComplete",
    ],
  ],
  [
    "paused",
    { module: aModule({ paused: true }), rollout: { step: "paused", target: "r", serve: undefined } },
    ["Paused", "Progressing=False/Paused", "Reconciling=False/Paused"],
  ],
  [
    "a child is somebody else's",
    { conflicts: ["Service pricing"] },
    ["Degraded", "Degraded=True/OwnershipConflict", "Stalled=True/OwnershipConflict"],
  ],
  ["others need it", { deletion: { blockedBy: ["order"] } }, ["Running", "DeletionBlocked=True/DependentsExist", "Ready=True/Running"]],
  [
    "goes",
    { deletion: { blockedBy: [] } },
    ["Stopping", "DeletionBlocked=False/Stopping", "Ready=False/Stopping", "Reconciling=True/Stopping"],
  ],
  ["is gone", { deletion: { blockedBy: [] }, deployment: undefined }, ["Stopped"]],
])("%s", (_name, given, expected) => {
  const all = shown(observe(given));
  expect(all).toHaveLength(10);
  expect(all).toEqual(expect.arrayContaining(expected));
});

describe("times of conditions", () => {
  const first = deriveStatus(observe());

  test("stay while nothing changes", () => {
    expect(deriveStatus(observe({ status: first, now: LATER }))).toEqual({ ...first });
  });

  test("stay where only reason or message change", () => {
    const next = deriveStatus(observe({ status: first, now: LATER, deployment: upAt("r", { wanted: 0, ready: 0, replicas: 0 }) }));
    const ready = next.conditions?.find(({ type }) => type === "Ready");
    expect(ready).toMatchObject({ reason: "ScaledToZero", lastTransitionTime: "2026-05-01T10:00:00Z" });
  });

  test("move with the status, of that condition alone", () => {
    const next = deriveStatus(observe({ status: first, now: LATER, deployment: upAt("r", { ready: 0 }) }));
    const moved = (next.conditions ?? []).filter(({ lastTransitionTime }) => lastTransitionTime === "2026-05-01T11:00:00Z");
    expect(moved.map(({ type }) => type)).toEqual(["Degraded", "Ready"]);
  });
});

test("conditions of others are kept", () => {
  const foreign = { type: "Audited", status: "True" as const, lastTransitionTime: "2026-01-01T00:00:00Z", reason: "Yes", message: "" };
  expect(deriveStatus(observe({ status: { conditions: [foreign] } })).conditions?.at(-1)).toEqual(foreign);
});

test("the version that serves moves with the roll-out, and the one before it is kept", () => {
  const rolling = deriveStatus(observe({ ...stays, rollout: { step: "roll-out", target: "r", serve: "r" } }));
  expect(rolling).toMatchObject({ version: "1.3.0", currentRevision: before.currentRevision, updateRevision: "r" });
  const done = deriveStatus(observe({ status: rolling }));
  expect(done).toMatchObject({ version: "1.4.0", previousVersion: "1.3.0", currentRevision: revisionName(aModule()) });
  expect(deriveStatus(observe({ status: done })).previousVersion).toBe("1.3.0");
});

test("what failed is noted, and forgotten with the next spec", () => {
  const failed = deriveStatus(observe({ ...stays, rollout: { step: "fail", target: "r", serve: "r" } }));
  expect(failed.failedRevision).toBe("r");
  expect(deriveStatus(observe({ ...stays, status: failed, rollout: { step: "roll-back", target: "r", serve: "x" } })).failedRevision).toBe(
    "r",
  );
  expect(deriveStatus(observe({ ...stays, status: failed })).failedRevision).toBeUndefined();
  const undecided = observe({
    ...stays,
    status: failed,
    failure: "the API server is away",
    rollout: { step: "wait", target: undefined, serve: undefined },
  });
  expect(deriveStatus(undecided).failedRevision).toBe("r");
});

test("a module that stops no longer says what serves", () => {
  expect(deriveStatus(observe({ status: before, deletion: { blockedBy: [] } })).currentRevision).toBeUndefined();
});

test("endpoints: the beginning that all routes share", () => {
  const module = aModule({ ports: { http: 8002, grpc: 9002 }, routes: [{ path: "/api/v1/pricing/{id}" }, { path: "/api/v1/pricing/**" }] });
  expect(deriveStatus(observe({ module, serving: module })).endpoints).toEqual({
    http: "pricing.shop.svc:8002",
    grpc: "pricing.shop.svc:9002",
    public: "/api/v1/pricing",
  });
});

test("every problem is listed with module, field, value and mend", () => {
  const { problems } = deriveStatus(
    observe({ verdict: verdictWith({ refused: [problem("NameTaken")], warnings: [problem("DependencyMissing")] }) }),
  );
  expect(problems).toEqual([
    {
      path: "spec.dependencies[0].module",
      type: "Error",
      reason: "NameTaken",
      message: "module pricing, spec.dependencies[0].module (catalog): it is wrong; mend it",
    },
    expect.objectContaining({ type: "Warning", reason: "DependencyMissing" }),
  ]);
});

describe("the settings with which it came up", () => {
  const wasOld = { status: { settingsHash: "old" } };
  const hashOf = (given: Partial<Observed>): string | undefined => deriveStatus(observe({ ...wasOld, ...given })).settingsHash;

  test("are those of now once all that they mean is done", () => {
    expect(hashOf({})).toBe("new");
    expect(hashOf({ deployment: upAt(revisionName(aModule()), { progress: "progressing" }) })).toBe("old");
    expect(hashOf({ failure: "the API server said no" })).toBe("old");
    expect(hashOf({ conflicts: ["Service pricing (kubectl)"] })).toBe("old");
  });

  test("are those of now where nothing may be touched", () => {
    expect(hashOf({ rollout: { step: "paused", target: undefined, serve: undefined } })).toBe("new");
  });
});
