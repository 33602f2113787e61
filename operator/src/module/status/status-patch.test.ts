import { expect, test } from "@jest/globals";
import type { ModuleStatus } from "@plinth/module";
import { statusPatch } from "./status-patch.ts";

const before: ModuleStatus = { observedGeneration: 1, phase: "Running", version: "1.0.0", endpoints: { http: "http://a", grpc: "a:1" } };
const ofThis = { op: "test", path: "/metadata/uid", value: "u" };

test("what has not changed is not sent", () => {
  expect(statusPatch("u", before, { ...before, endpoints: { ...before.endpoints } })).toBeUndefined();
});

test("only the fields that changed are, and those that went are removed", () => {
  const { version: _, ...rest } = before;
  expect(statusPatch("u", before, { ...rest, phase: "Degraded", endpoints: { http: "http://a" } })).toEqual([
    ofThis,
    { op: "add", path: "/status/phase", value: "Degraded" },
    { op: "remove", path: "/status/version" },
    { op: "add", path: "/status/endpoints", value: { http: "http://a" } },
  ]);
});

test("the first status is sent whole", () => {
  expect(statusPatch("u", undefined, before)).toEqual([ofThis, { op: "add", path: "/status", value: before }]);
});
