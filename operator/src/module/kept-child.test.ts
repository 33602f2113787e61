import { describe, expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { keepChild, wholeChild } from "./kept-child.ts";
import { readRevision } from "./revisions.ts";

const metadata = {
  name: "catalog",
  namespace: "shop",
  uid: "1",
  resourceVersion: "7",
  labels: { "app.kubernetes.io/name": "catalog" },
  annotations: { "plinth.dev/desired-hash": "abc" },
  ownerReferences: [{ apiVersion: "plinth.dev/v1alpha1", kind: "Module", name: "catalog", uid: "0", controller: true }],
};

describe("a child in the cache", () => {
  test("unfolds into what it declares", () => {
    const role: KubeObject = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata,
      rules: [{ apiGroups: [""], verbs: ["get"] }],
    };
    const kept = keepChild(role);
    expect(kept.rules).toBeUndefined();
    expect(kept.metadata).toMatchObject({ name: "catalog", uid: "1", resourceVersion: "7", annotations: metadata.annotations });
    expect(wholeChild(kept)).toEqual(role);
    expect(wholeChild(role)).toBe(role);
  });

  test("is kept once", () => {
    const kept = keepChild({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { a: "b" } });
    expect(keepChild(kept)).toBe(kept);
  });

  test("of a Deployment says how far it is without being unfolded", () => {
    const spec = { replicas: 2, template: { spec: { containers: [{ name: "module" }] } } };
    const progressing = { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" };
    const status = { observedGeneration: 3, readyReplicas: 2, conditions: [{ type: "Available", status: "True" }, progressing] };
    const kept = keepChild({ apiVersion: "apps/v1", kind: "Deployment", metadata, spec, status });
    expect(kept.spec).toEqual({ replicas: 2 });
    expect(kept.status).toEqual({ observedGeneration: 3, readyReplicas: 2, conditions: [progressing] });
    expect(wholeChild(kept).spec).toEqual(spec);
  });

  test("of a revision gives its spec when it is asked for", () => {
    const spec = { version: "1.0.0" };
    const kept = keepChild({ apiVersion: "apps/v1", kind: "ControllerRevision", metadata, data: { spec }, revision: 4 });
    expect(kept.data).toBeUndefined();
    const revision = readRevision(kept);
    expect(revision?.number).toBe(4);
    expect(revision?.spec).toEqual(spec);
    expect(revision?.spec).toBe(readRevision(kept)?.spec);
  });

  test("that is somebody else's revision is none of ours", () => {
    expect(
      readRevision(keepChild({ apiVersion: "apps/v1", kind: "ControllerRevision", metadata, data: { raw: "" }, revision: 4 })),
    ).toBeUndefined();
  });

  test("of a Secret or a Job is whole", () => {
    for (const kind of ["Secret", "Job"]) {
      const child: KubeObject = { apiVersion: "v1", kind, metadata, data: { url: "eA==" } };
      expect(keepChild(child)).toBe(child);
    }
  });
});
