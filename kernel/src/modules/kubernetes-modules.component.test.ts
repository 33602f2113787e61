import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { buildCrd, type Module } from "@plinth/module";
import type { Resource } from "../kube/object.ts";
import { resourcePath } from "../kube/resource-path.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { describeCluster } from "../test-cluster/describe-cluster.ts";
import { asServiceAccount } from "../test-cluster/service-account.ts";
import { startTestCluster, type TestCluster } from "../test-cluster/test-cluster.ts";
import { eventually } from "../testing/eventually.ts";
import { openConfigMapModuleSet } from "./config-map-module-set.ts";
import { openKubernetesModuleSet } from "./kubernetes-module-set.ts";

const CONFIG_MAPS: Resource = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };
const MODULES: Resource = { group: "plinth.dev", version: "v1alpha1", kind: "Module", plural: "modules", namespaced: true };
const REVISIONS: Resource = { group: "apps", version: "v1", kind: "ControllerRevision", plural: "controllerrevisions", namespaced: true };

function aModule(name: string, spec: object = {}): Module {
  return {
    apiVersion: "plinth.dev/v1alpha1",
    kind: "Module",
    metadata: { name },
    spec: { version: "1.0.0", summary: `The module ${name}.`, ...spec },
  };
}

describeCluster("modules in a cluster", () => {
  let cluster: TestCluster;
  let namespace = "";
  let namespaces = 0;
  beforeAll(async () => {
    cluster = await startTestCluster();
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await cluster.client.request({ method: "POST", path, body: buildCrd() });
    await untilServed();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    namespace = `shop-${++namespaces}`;
    await cluster.client.request({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: namespace } } });
  });

  async function untilServed(): Promise<void> {
    for (;;) {
      const answer = await cluster.client.list(MODULES).catch(() => undefined);
      if (answer !== undefined) return;
    }
  }

  async function apply(resource: Resource, name: string, object: object, subresource?: string): Promise<void> {
    const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
    await cluster.client.request({
      method: "PATCH",
      path: resourcePath(resource, { namespace, name, ...(subresource !== undefined && { subresource }) }),
      query: { fieldManager: "test", force: true },
      contentType: "application/apply-patch+yaml",
      body: {
        ...object,
        apiVersion,
        kind: resource.kind,
        metadata: { ...("metadata" in object ? (object.metadata as object) : {}), name, namespace },
      },
    });
  }

  const remove = (resource: Resource, name: string) =>
    cluster.client.request({ method: "DELETE", path: resourcePath(resource, { namespace, name }) });

  describe("ConfigMap module set", () => {
    const tell = (own: unknown, neighbours: unknown = []) =>
      apply(CONFIG_MAPS, "blog-module", { data: { "module.json": JSON.stringify(own), "neighbours.json": JSON.stringify(neighbours) } });
    const open = () => openConfigMapModuleSet({ client: cluster.client, namespace, module: "blog", logger: silentLogger });

    test("knows the module, then its neighbours, and follows both", async () => {
      await tell(aModule("blog", { config: { items: 20 } }), [aModule("audit"), aModule("authz")]);
      const set = await open();
      expect(set.current.modules.map(({ metadata }) => metadata.name)).toEqual(["blog", "audit", "authz"]);
      expect(set.own.spec.config).toEqual({ items: 20 });
      const told: unknown[] = [];
      set.onChange(({ modules }) => told.push(modules[0]?.spec.config));
      await tell(aModule("blog", { config: { items: 5 } }), [aModule("audit")]);
      await eventually(() => told.length === 1);
      expect(told).toEqual([{ items: 5 }]);
      expect(set.current.modules.map(({ metadata }) => metadata.name)).toEqual(["blog", "audit"]);
      await set.close();
    });

    test("what becomes wrong, and one that vanishes, leaves the last good one", async () => {
      await tell(aModule("blog"));
      const set = await open();
      const before = set.current;
      await apply(CONFIG_MAPS, "blog-module", { data: { "module.json": "{", "neighbours.json": "[]" } });
      await tell(aModule("authz"));
      await tell({ kind: "Module" });
      await remove(CONFIG_MAPS, "blog-module");
      await tell(aModule("blog", { version: "1.1.0" }));
      await eventually(() => set.own.spec.version === "1.1.0");
      expect(set.current.revision).toBe(before.revision + 1);
      await set.close();
    });

    test("a change of nothing that is told is no change", async () => {
      await tell(aModule("blog"));
      const set = await open();
      const { revision } = set.current;
      await apply(CONFIG_MAPS, "blog-module", {
        metadata: { labels: { touched: "yes" } },
        data: { "module.json": JSON.stringify(aModule("blog")), "neighbours.json": "[]" },
      });
      await tell(aModule("blog", { version: "1.1.0" }));
      await eventually(() => set.own.spec.version === "1.1.0");
      expect(set.current.revision).toBe(revision + 1);
      await set.close();
    });

    test("without one there is no start", async () => {
      await expect(open()).rejects.toThrow("There is no ConfigMap blog-module");
    });

    test("a pod with rights to this one alone may follow it", async () => {
      await tell(aModule("blog"));
      const rules = [{ apiGroups: [""], resources: ["configmaps"], resourceNames: ["blog-module"], verbs: ["get", "list", "watch"] }];
      const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
      const account = { kind: "ServiceAccount", name: "blog", namespace };
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "blog" };
      await cluster.client.request({ method: "POST", path: `${rbac}/roles`, body: { metadata: { name: "blog" }, rules } });
      await cluster.client.request({
        method: "POST",
        path: `${rbac}/rolebindings`,
        body: { metadata: { name: "blog" }, roleRef, subjects: [account] },
      });
      const client = await asServiceAccount(cluster, namespace, "blog");
      const set = await openConfigMapModuleSet({ client, namespace, module: "blog", logger: silentLogger });
      await tell(aModule("blog", { version: "1.1.0" }));
      await eventually(() => set.own.spec.version === "1.1.0");
      await set.close();
    });
  });

  describe("Kubernetes module set", () => {
    const declare = (module: Module) => apply(MODULES, module.metadata.name, module);
    const serve = (name: string, currentRevision: string) => apply(MODULES, name, { status: { currentRevision } }, "status");
    const keepRevision = (name: string, module: Module) =>
      apply(REVISIONS, name, { data: { apiVersion: module.apiVersion, kind: "Module", spec: module.spec }, revision: 1 });
    const open = () => openKubernetesModuleSet({ client: cluster.client, namespace, logger: silentLogger });

    async function served(module: Module, revision: string): Promise<void> {
      await declare(module);
      await keepRevision(revision, module);
      await serve(module.metadata.name, revision);
    }

    test("knows what serves, by name; what never served is not there yet", async () => {
      await served(aModule("blog", { version: "1.2.0" }), "blog-1");
      await served(aModule("audit"), "audit-1");
      await declare(aModule("young"));
      const set = await open();
      const names = () => set.current.modules.map(({ metadata, spec }) => `${metadata.name}@${spec.version}`).join();
      expect(names()).toBe("audit@1.0.0,blog@1.2.0");
      await keepRevision("young-1", aModule("young"));
      await serve("young", "young-1");
      await eventually(() => names() === "audit@1.0.0,blog@1.2.0,young@1.0.0");
      await remove(MODULES, "blog");
      await eventually(() => names() === "audit@1.0.0,young@1.0.0");
      await set.close();
    });

    test("a change is served when it is the current revision, not when it is declared", async () => {
      await served(aModule("blog"), "blog-1");
      await served(aModule("audit"), "audit-1");
      const set = await open();
      const audit = set.current.modules[0];
      const told: string[] = [];
      set.onChange(({ modules }) => told.push(modules.map(({ spec }) => spec.version).join()));
      await declare(aModule("blog", { version: "2.0.0" }));
      await keepRevision("blog-2", aModule("blog", { version: "2.0.0" }));
      // Something else that is heard after it.
      await served(aModule("order"), "order-1");
      await eventually(() => set.current.modules.length === 3);
      expect(set.current.modules.find(({ metadata }) => metadata.name === "blog")?.spec.version).toBe("1.0.0");
      await serve("blog", "blog-2");
      await eventually(() => told.at(-1) === "1.0.0,2.0.0,1.0.0");
      expect(set.current.modules[0]).toBe(audit);
      await serve("blog", "blog-1");
      await eventually(() => told.at(-1) === "1.0.0,1.0.0,1.0.0");
      await set.close();
    });

    test("where the revision cannot be read, what served before stays, until it can", async () => {
      await served(aModule("blog"), "blog-1");
      const set = await open();
      await serve("blog", "blog-2");
      await served(aModule("order"), "order-1");
      await eventually(() => set.current.modules.length === 2);
      expect(set.current.modules[0]?.spec.version).toBe("1.0.0");
      await keepRevision("blog-2", aModule("blog", { version: "1.1.0" }));
      await eventually(() => set.current.modules[0]?.spec.version === "1.1.0");
      await set.close();
    });

    test("while the API server is away the last known modules stay; what changed meanwhile is heard after", async () => {
      await served(aModule("blog"), "blog-1");
      const set = await open();
      await cluster.restart({
        async whileDown() {
          expect(set.current.modules).toHaveLength(1);
        },
      });
      await untilServed();
      await served(aModule("order"), "order-1");
      await eventually(() => set.current.modules.length === 2);
      await set.close();
    });
  });
});
