import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type KubeObject, resourcePath } from "@plinth/kernel/kube";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { parse } from "yaml";
import { getKind } from "../../kube/kinds.ts";
import { createWriter, type Writer } from "../../kube/writer.ts";
import { hasOwnedFields } from "../owned-fields.ts";
import { buildGoldenCase, GOLDEN_CASES } from "./golden-cases.ts";

/** Kinds whose CRDs are not Kubernetes' own. */
const FOREIGN_GROUPS = /^(monitoring\.coreos\.com|gateway\.networking\.k8s\.io)\//;

describeCluster("what the API server says of the children", () => {
  let cluster: TestCluster;
  let writer: Writer;

  beforeAll(async () => {
    cluster = await startTestCluster();
    writer = createWriter(cluster.client);
    const crd: KubeObject = parse(readFileSync(join(import.meta.dirname, "../../../../k8s/crds/plinth.dev_modules.yaml"), "utf8"));
    await writer.apply(crd);
  });
  afterAll(() => cluster?.stop());

  const cases = GOLDEN_CASES.map((golden) => ({
    name: golden.name,
    children: buildGoldenCase(golden).filter(({ apiVersion }) => !FOREIGN_GROUPS.test(apiVersion)),
  }));

  test.each(cases)("$name: takes each, knows every field, and keeps what it says", async ({ name, children }) => {
    const namespace = `golden-${name}`;
    await createNamespace(namespace);
    for (const child of children.map((golden) => inNamespace(golden, namespace))) {
      await writer.apply(child, { dryRun: true });
      const live = await writer.apply(child);
      expect([child.kind, hasOwnedFields(child, live)]).toEqual([child.kind, true]);
    }
  });

  test.each(cases)("$name: whatever of it is changed or taken away is found", async ({ name, children }) => {
    for (const golden of children) {
      const child = inNamespace(golden, `golden-${name}`);
      const live = await getLive(child);
      for (const path of leavesOf(child)) {
        const where = `${child.kind} ${path.join("/")}`;
        expect([
          where,
          hasOwnedFields(
            child,
            withLeaf(live, path, (value) => (typeof value === "number" ? value + 1 : `${value}x`)),
          ),
        ]).toEqual([where, false]);
        expect([
          where,
          hasOwnedFields(
            child,
            withLeaf(live, path, () => undefined),
          ),
        ]).toEqual([where, isZeroByDefault(child, path)]);
      }
    }
  });

  async function createNamespace(name: string): Promise<void> {
    await cluster.client.request({
      method: "POST",
      path: "/api/v1/namespaces",
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name } },
    });
  }

  async function getLive(child: KubeObject): Promise<KubeObject> {
    return cluster.client.request({ method: "GET", path: resourcePath(getKind(child), child.metadata) });
  }
});

function inNamespace(child: KubeObject, namespace: string): KubeObject {
  return { ...child, metadata: { ...child.metadata, namespace } };
}

type Path = readonly (string | number)[];

/** Paths of all texts, numbers and truth values. Not of what makes an object that very object. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) {
    return ["apiVersion", "kind", "metadata/name", "metadata/namespace"].includes(path.join("/")) || value === "" ? [] : [path];
  }
  return Object.entries(value).flatMap(([key, child]) => leavesOf(child, [...path, Array.isArray(value) ? Number(key) : key]));
}

function withLeaf(value: unknown, path: Path, change: (leaf: unknown) => unknown): KubeObject {
  const copy = structuredClone(value) as KubeObject;
  let node = copy as unknown as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) node = node[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? "";
  node[last] = change(node[last]);
  return copy;
}

/** Absence then says the same. */
function isZeroByDefault(object: KubeObject, path: Path): boolean {
  const value = path.reduce<unknown>((node, key) => (node as Record<string | number, unknown>)[key], object);
  return (value === 0 || value === false) && ["publishNotReadyAddresses", "minReadySeconds"].includes(String(path.at(-1)));
}
