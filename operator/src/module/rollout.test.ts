import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { DeploymentState } from "./deployment-state.ts";
import { decideRollout, type RolloutFacts } from "./rollout.ts";

const facts = (given: Partial<RolloutFacts> = {}): RolloutFacts => ({
  declared: "v2",
  accepted: "v1",
  current: "v1",
  failed: undefined,
  waits: false,
  paused: false,
  rollbackOnFailure: true,
  migration: "not-needed",
  deployment: undefined,
  ...given,
});

const at = (revision: string, progress: DeploymentState["progress"]): DeploymentState => ({
  revision,
  wanted: 1,
  replicas: 1,
  ready: 1,
  progress,
  updated: progress === "complete",
  message: "",
});

const nothing = { accepted: undefined, current: undefined };

test.each<[string, Partial<RolloutFacts>, ReturnType<typeof decideRollout>]>([
  ["a refused spec with nothing before it", { ...nothing, declared: undefined }, { step: "wait", target: undefined, serve: undefined }],
  ["a new module that waits", { ...nothing, waits: true }, { step: "wait", target: undefined, serve: undefined }],
  ["a new module", nothing, { step: "roll-out", target: "v2", serve: "v2" }],
  ["a new module that has to migrate", { ...nothing, migration: "absent" }, { step: "migrate", target: "v2", serve: undefined }],
  ["an upgrade that has to migrate: the old one serves", { migration: "running" }, { step: "migrate", target: "v2", serve: "v1" }],
  ["a migration that failed: the old one serves", { migration: "failed" }, { step: "migrate", target: "v2", serve: "v1" }],
  ["an upgrade", { deployment: at("v1", "complete") }, { step: "roll-out", target: "v2", serve: "v2" }],
  ["an upgrade on its way", { deployment: at("v2", "progressing") }, { step: "roll-out", target: "v2", serve: "v2" }],
  ["an upgrade that came up", { deployment: at("v2", "complete") }, { step: "done", target: "v2", serve: "v2" }],
  ["an upgrade that did not come up", { deployment: at("v2", "failed") }, { step: "fail", target: "v2", serve: "v2" }],
  [
    "one that is not to be undone",
    { deployment: at("v2", "failed"), rollbackOnFailure: false },
    { step: "stuck", target: "v2", serve: "v2" },
  ],
  ["a first roll-out that did not come up", { ...nothing, deployment: at("v2", "failed") }, { step: "stuck", target: "v2", serve: "v2" }],
  ["one that is noted as failed", { failed: "v2", deployment: at("v2", "failed") }, { step: "roll-back", target: "v2", serve: "v1" }],
  ["one that is being undone", { failed: "v2", deployment: at("v1", "progressing") }, { step: "roll-back", target: "v2", serve: "v1" }],
  ["one that was undone", { failed: "v2", deployment: at("v1", "complete") }, { step: "rolled-back", target: "v2", serve: "v1" }],
  [
    "another spec after one that failed",
    { failed: "v2", declared: "v3", deployment: at("v1", "complete") },
    { step: "roll-out", target: "v3", serve: "v3" },
  ],
  [
    "a refused spec while another one serves",
    { declared: undefined, deployment: at("v1", "complete") },
    { step: "done", target: "v1", serve: "v1" },
  ],
  [
    "a spec that waits while another one serves",
    { waits: true, deployment: at("v1", "complete") },
    { step: "done", target: "v1", serve: "v1" },
  ],
  [
    "a spec that was begun does not wait",
    { waits: true, accepted: "v2", deployment: at("v2", "progressing") },
    { step: "roll-out", target: "v2", serve: "v2" },
  ],
  [
    "what serves stays served while a replica is away",
    { declared: "v1", deployment: at("v1", "progressing") },
    { step: "done", target: "v1", serve: "v1" },
  ],
  ["what serves and was deleted by hand", { declared: "v1" }, { step: "roll-out", target: "v1", serve: "v1" }],
  [
    "back to what serves, in mid-way",
    { declared: "v1", accepted: "v2", deployment: at("v2", "progressing") },
    { step: "roll-out", target: "v1", serve: "v1" },
  ],
  ["a paused module", { paused: true }, { step: "paused", target: "v2", serve: undefined }],
])("%s", (_name, given, expected) => {
  expect(decideRollout(facts(given))).toEqual(expected);
});

describe("whatever is there", () => {
  const revision = fc.constantFrom("v1", "v2", "v3");
  const maybe = fc.option(revision, { nil: undefined });
  const anyFacts = fc.record({
    declared: maybe,
    accepted: maybe,
    current: maybe,
    failed: maybe,
    waits: fc.boolean(),
    paused: fc.constant(false),
    rollbackOnFailure: fc.boolean(),
    migration: fc.constantFrom("not-needed", "absent", "running", "succeeded", "failed"),
    deployment: fc.option(
      fc.tuple(revision, fc.constantFrom("progressing", "complete", "failed")).map(([name, progress]) => at(name, progress)),
      { nil: undefined },
    ),
  }) as fc.Arbitrary<RolloutFacts>;

  test("a refused or waiting spec is never rolled out unless it was begun", () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const { target, serve } = decideRollout(given);
        const old = [given.accepted, given.current, undefined];
        if (given.declared === undefined || given.waits) expect([old.includes(target), old.includes(serve)]).toEqual([true, true]);
      }),
    );
  });

  test("what was noted as failed is not served while there is something to go back to", () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        if (given.failed === undefined || given.current === undefined || given.current === given.failed) return;
        expect(decideRollout(given).serve).not.toBe(given.failed);
      }),
    );
  });

  test("a migration that is not done never lets the new one serve", () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        if (given.migration === "not-needed" || given.migration === "succeeded") return;
        const { step, target, serve } = decideRollout(given);
        if (step === "migrate" && target !== given.current) expect(serve).toBe(given.current);
        else expect(["migrate", "wait", "roll-back", "rolled-back"]).toContain(step);
      }),
    );
  });
});
