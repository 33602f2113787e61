import { expect, test } from "@jest/globals";
import type { Module, ModuleSpec } from "@plinth/module";
import { type DeletionFacts, nextDeletionStep } from "./deletion.ts";

function facts({
  spec,
  annotations,
  ...given
}: Partial<DeletionFacts> & { spec?: Partial<ModuleSpec>; annotations?: Record<string, string> }): DeletionFacts {
  const module: Module = {
    apiVersion: "plinth.dev/v1alpha1",
    kind: "Module",
    metadata: { name: "catalog", ...(annotations !== undefined && { annotations }) },
    spec: { version: "1.0.0", ...spec },
  };
  return { module, requiredBy: [], isServed: false, hasDeployment: false, hasAutoscaler: false, drop: "absent", hasData: true, ...given };
}

const drops = { spec: { deletionPolicy: "Delete" as const } };

test.each<[string, Parameters<typeof facts>[0], ReturnType<typeof nextDeletionStep>]>([
  ["others need it", { requiredBy: ["pricing"], isServed: true }, { step: "blocked", by: ["pricing"] }],
  [
    "others need it, and it is forced",
    { requiredBy: ["pricing"], isServed: true, annotations: { "plinth.dev/force-delete": "true" } },
    { step: "withdraw" },
  ],
  ["others come to need it once it is gone", { requiredBy: ["pricing"] }, { step: "release" }],
  ["routes first", { isServed: true, hasDeployment: true }, { step: "withdraw" }],
  ["then the replicas", { hasDeployment: true }, { step: "drain" }],
  ["and what would bring them back", { hasAutoscaler: true }, { step: "drain" }],
  ["data stay", {}, { step: "release" }],
  ["unless it says otherwise", drops, { step: "drop", job: "absent" }],
  ["which takes its time", { ...drops, drop: "running" }, { step: "drop", job: "running" }],
  ["and may fail", { ...drops, drop: "failed" }, { step: "drop", job: "failed" }],
  ["but comes to its end", { ...drops, drop: "succeeded" }, { step: "release" }],
  ["nothing to drop", { ...drops, hasData: false }, { step: "release" }],
])("%s", (_name, given, expected) => {
  expect(nextDeletionStep(facts(given))).toEqual(expected);
});
