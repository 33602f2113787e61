import { expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { findObsolete } from "./prune.ts";

const anObject = (kind: string, name: string, deletionTimestamp?: string): KubeObject => ({
  apiVersion: "v1",
  kind,
  metadata: { name, ...(deletionTimestamp !== undefined && { deletionTimestamp }) },
});

test("what nobody names any more goes; old specs, the Job at hand and what goes already are left", () => {
  const revisions = Array.from({ length: 12 }, (_, number) => ({ name: `r${number}`, number, spec: { version: "1.0.0" } }));
  const owned = [
    anObject("Service", "a"),
    anObject("Service", "a-headless"),
    anObject("PodDisruptionBudget", "a", "2026-01-01T00:00:00Z"),
    anObject("Job", "now"),
    anObject("Job", "before"),
    ...revisions.map(({ name }) => anObject("ControllerRevision", name)),
  ];
  const obsolete = findObsolete(owned, [anObject("Service", "a")], { revisions, inUse: ["r0"], jobs: ["now"] });
  expect(obsolete.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    "Service a-headless",
    "Job before",
    "ControllerRevision r1",
  ]);
});
