import { expect, test } from "@jest/globals";
import { statusPatch } from "./status-patch.ts";

test("a status that says the same is not written", () => {
  expect(statusPatch({ replicas: 1, summary: { ready: "1/1" } }, { summary: { ready: "1/1" }, replicas: 1 })).toBeUndefined();
});

test("only what changed is written, and what goes is named, also inside", () => {
  const before = { replicas: 1, version: "1.0.0", endpoints: { http: "a", grpc: "b" }, dependencies: [{ module: "x" }] };
  expect(statusPatch(before, { replicas: 1, endpoints: { http: "c" }, dependencies: [] })).toEqual({
    version: null,
    endpoints: { http: "c", grpc: null },
    dependencies: [],
  });
});
