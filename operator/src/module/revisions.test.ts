import { describe, expect, test } from "@jest/globals";
import type { Module, ModuleSpec } from "@plinth/module";
import { atRevision, buildRevision, latestRevision, obsoleteRevisions, readRevision, revisionName } from "./revisions.ts";

const aModule = (spec: Partial<ModuleSpec> = {}): Module => ({
  apiVersion: "plinth.dev/v1alpha1",
  kind: "Module",
  metadata: { name: "pricing", namespace: "shop" },
  spec: { version: "1.0.0", ...spec },
});

describe("the name of a revision", () => {
  test("is the module's and ten digits", () => expect(revisionName(aModule())).toMatch(/^pricing-[0-9a-f]{10}$/));

  test("is another one for another spec", () =>
    expect(revisionName(aModule({ image: "a:2" }))).not.toBe(revisionName(aModule({ image: "a:1" }))));

  test("does not hang on the order of fields, nor on what is free", () => {
    const one = aModule({ config: { a: 1, b: 2 }, replicas: 3, paused: true, deletionPolicy: "Delete" });
    expect(revisionName(one)).toBe(revisionName(aModule({ config: { b: 2, a: 1 } })));
  });
});

test("an older revision runs with as many replicas as are declared now", () => {
  const older = readRevision(buildRevision(aModule({ image: "a:1", replicas: 1 }), 4));
  if (older === undefined) throw new Error("unreadable");
  expect(older.number).toBe(4);
  const { spec } = atRevision(aModule({ image: "a:2", replicas: 5, paused: false }), older);
  expect(spec).toEqual({ version: "1.0.0", image: "a:1", replicas: 5, paused: false });
});

test("a count of the newer spec does not stand beside an autoscaler of the older one", () => {
  const older = readRevision(buildRevision(aModule({ autoscaling: { min: 1, max: 2 } }), 1));
  if (older === undefined) throw new Error("unreadable");
  expect(atRevision(aModule({ replicas: 5 }), older).spec.replicas).toBeUndefined();
});

test("of a dozen the last ten stay, and what is in use", () => {
  const revisions = Array.from({ length: 12 }, (_, index) => ({ name: `r${index}`, number: index, spec: { version: "1.0.0" } }));
  expect(latestRevision(revisions)?.name).toBe("r11");
  expect(obsoleteRevisions(revisions, ["r0"])).toEqual(["r1"]);
});
