import { expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import type { AdmissionRequest, PatchStep } from "./admission-review.ts";
import { defaultModule } from "./default-module.ts";

const MODULE: KubeObject = {
  apiVersion: "plinth.dev/v1alpha1",
  kind: "Module",
  metadata: { name: "pricing", namespace: "shop" },
  spec: {
    version: "1.0.0",
    dependencies: [{ module: "catalog" }, { module: "promotion", optional: true }],
    routes: [{ path: "/api/**" }],
    strategy: {},
  },
};
const asked = (object: KubeObject, operation: AdmissionRequest["operation"] = "CREATE"): readonly PatchStep[] =>
  defaultModule({ uid: "u", operation, name: "pricing", namespace: "shop", object }).patch ?? [];

/** As much of RFC 6902 as the patch uses. */
function patched(object: KubeObject, patch: readonly PatchStep[]): KubeObject {
  const result = structuredClone(object);
  for (const { path, value } of patch) {
    const keys = path.slice(1).split("/");
    const last = keys.pop() ?? "";
    const parent = keys.reduce<Record<string, unknown>>((node, key) => node[key] as Record<string, unknown>, result);
    if (Array.isArray(parent) && last === "-") parent.push(value);
    else parent[last] = value;
  }
  return result;
}

test("adds the finalizer and the schema's defaults where they are missing", () => {
  const result = patched(MODULE, asked(MODULE));
  expect(result.metadata.finalizers).toEqual(["plinth.dev/module"]);
  expect(result.spec).toMatchObject({
    cache: false,
    paused: false,
    deletionPolicy: "Retain",
    dependencies: [{ optional: false }, { optional: true }],
    routes: [{ auth: "required" }],
    strategy: { type: "RollingUpdate" },
  });
  expect(result.spec).not.toHaveProperty("replicas");
  expect(result.spec).not.toHaveProperty("secrets");
});

test("adds nothing to its own result", () => {
  expect(asked(patched(MODULE, asked(MODULE)))).toEqual([]);
});

test("keeps finalizers of others, and brings its own back only with a new Module", () => {
  const kept = { ...MODULE, metadata: { ...MODULE.metadata, finalizers: ["example.com/other"] } };
  expect(patched(kept, asked(kept)).metadata.finalizers).toEqual(["example.com/other", "plinth.dev/module"]);
  expect(asked(kept, "UPDATE").filter(({ path }) => path.startsWith("/metadata"))).toEqual([]);
});

test("leaves alone what goes away, and what is no module", () => {
  expect(asked({ ...MODULE, metadata: { ...MODULE.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } }, "UPDATE")).toEqual([]);
  expect(asked({ ...MODULE, spec: "nothing" })).toHaveLength(1);
});
