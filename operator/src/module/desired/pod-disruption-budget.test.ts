import { expect, test } from "@jest/globals";
import type { Module, ModuleSpec } from "@plinth/module";
import { resolveModule } from "../resolved.ts";
import { DEFAULT_SETTINGS } from "../settings.ts";
import { buildPodDisruptionBudget } from "./pod-disruption-budget.ts";

/** What the budget says of how many stay, or may go. */
function budgetOf(minAvailable: number | string, spec: Partial<ModuleSpec>, development = false): object | undefined {
  const module: Module = {
    apiVersion: "plinth.dev/v1alpha1",
    kind: "Module",
    metadata: { name: "pricing", namespace: "shop" },
    spec: { version: "1.0.0", disruption: { minAvailable }, ...spec },
  };
  const budget = buildPodDisruptionBudget(resolveModule(module, []), { ...DEFAULT_SETTINGS, development });
  if (budget === undefined) return undefined;
  const { unhealthyPodEvictionPolicy, selector, ...rest } = budget.spec as Record<string, unknown>;
  expect({ unhealthyPodEvictionPolicy, selector }).toEqual({
    unhealthyPodEvictionPolicy: "AlwaysAllow",
    selector: { matchLabels: { "app.kubernetes.io/name": "pricing" } },
  });
  return rest;
}

const oneByOne = { maxUnavailable: 1 };

test.each<[string, number | string, Partial<ModuleSpec>, object | undefined]>([
  ["fewer than there are", 1, { replicas: 2 }, { minAvailable: 1 }],
  ["a percentage that lets one go", "50%", { replicas: 2 }, { minAvailable: "50%" }],
  ["none", 0, { replicas: 2 }, { minAvailable: 0 }],
  ["as many as there are", 2, { replicas: 2 }, oneByOne],
  ["more than there are", 3, { replicas: 2 }, oneByOne],
  ["a percentage that is rounded up to all", "60%", { replicas: 2 }, oneByOne],
  ["all", "100%", { replicas: 5 }, oneByOne],
  ["as many as an autoscaler may leave", 2, { autoscaling: { min: 2, max: 8 } }, oneByOne],
  ["fewer than an autoscaler leaves", 2, { autoscaling: { min: 3, max: 8 } }, { minAvailable: 2 }],
  ["a sole one, which an autoscaler may leave", 1, { autoscaling: { min: 1, max: 3 } }, oneByOne],
  ["a sole one", 1, { replicas: 1 }, undefined],
  ["a sole one, by default", 1, {}, undefined],
  ["one of none", 1, { replicas: 0 }, undefined],
])("where %s must stay, a node can be emptied all the same", (_, minAvailable, spec, expected) => {
  expect(budgetOf(minAvailable, spec)).toEqual(expected);
});

test("in development nothing is held back", () => {
  expect(budgetOf(1, { replicas: 3 }, true)).toBeUndefined();
});
