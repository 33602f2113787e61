import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { silentLogger } from "@plinth/kernel/logging";
import { asServiceAccount, describeCluster, requestToken, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { createTestDatabase, eventually, type TestDatabase } from "@plinth/kernel/testing";
import { type Module, parseModuleFiles } from "@plinth/module";
import type { RunningModule } from "../local/module-host.ts";
import { joinCluster } from "./joined-cluster.ts";
import { migrateInCluster } from "./migrate.ts";
import { readPodEnvironment } from "./pod-environment.ts";
import { type PodFolders, podFolders } from "./pod-files.ts";
import { provisionInCluster } from "./provision.ts";

const SERVICES = join(import.meta.dirname, "../../../services");
const NAMESPACE = "shop";

describeCluster("a module in a pod", () => {
  let cluster: TestCluster;
  let database: TestDatabase;
  let root: string;
  let folders: PodFolders;
  let blog: Module;
  beforeAll(async () => {
    [cluster, database, root, blog] = await Promise.all([
      startTestCluster(),
      createTestDatabase(),
      mkdtemp(join(tmpdir(), "plinth-pod-")),
      readBlog(),
    ]);
    folders = podFolders(root);
    await cluster.client.request({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: NAMESPACE } } });
    await mount();
    await provisionInCluster("blog", folders, silentLogger);
    await migrateInCluster("blog", SERVICES, folders, silentLogger);
  });
  afterAll(async () => {
    await database.drop();
    await cluster.stop();
    await rm(root, { recursive: true, force: true });
  });

  async function readBlog(): Promise<Module> {
    const file = join(SERVICES, "blog/module.yaml");
    const [module] = parseModuleFiles([{ file, text: await readFile(file, "utf8") }]).modules;
    return { ...(module as Module), spec: { ...(module as Module).spec, ports: { http: 0, grpc: 0 } } };
  }

  /** As the operator and the kubelet put files into pod and Job. */
  async function mount(): Promise<void> {
    const urlOf = (role: string): string => {
      const url = new URL(database.adminUrl);
      url.username = `${database.rolePrefix}${role}`;
      url.password = `password of ${role}`;
      return url.href;
    };
    const files = [
      [folders.administrator, "url", database.adminUrl],
      [folders.database, "url", urlOf("blog")],
      [folders.owner, "url", urlOf("blog_owner")],
      [folders.tokens, "authz", "no token"],
    ] as const;
    for (const [folder, name, text] of files) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, name), text);
    }
  }

  const tell = (module: Module, method: "POST" | "PUT") =>
    cluster.client.request({
      method,
      path: `/api/v1/namespaces/${NAMESPACE}/configmaps${method === "PUT" ? "/blog-module" : ""}`,
      body: { metadata: { name: "blog-module" }, data: { "module.json": JSON.stringify(module), "neighbours.json": "[]" } },
    });

  /** What the operator's Role gives each module. */
  async function allow(): Promise<void> {
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}`;
    const verbs = ["get", "list", "watch"];
    const rules = [
      { apiGroups: [""], resources: ["configmaps"], resourceNames: ["blog-module"], verbs },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs },
    ];
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "blog" };
    const subjects = [{ kind: "ServiceAccount", name: "blog", namespace: NAMESPACE }];
    await cluster.client.request({ method: "POST", path: `${rbac}/roles`, body: { metadata: { name: "blog" }, rules } });
    const body = { metadata: { name: "blog" }, roleRef, subjects };
    await cluster.client.request({ method: "POST", path: `${rbac}/rolebindings`, body });
  }

  test("migrations may be repeated, and say what is there", async () => {
    await provisionInCluster("blog", folders, silentLogger);
    const result = await migrateInCluster("blog", SERVICES, folders, silentLogger);
    expect(result).toEqual({ applied: 1, last: "0001-posts" });
  });

  test("a role of another name is refused before anything is made", async () => {
    const other = podFolders(join(root, "other"));
    for (const folder of [other.administrator, other.database, other.owner]) await mkdir(folder, { recursive: true });
    await writeFile(join(other.administrator, "url"), database.adminUrl);
    await writeFile(join(other.database, "url"), "postgres://blog:x@127.0.0.1/db");
    await writeFile(join(other.owner, "url"), "postgres://postgres:x@127.0.0.1/db");
    await expect(provisionInCluster("blog", other, silentLogger)).rejects.toThrow("its Secrets name blog and postgres");
  });

  test("it serves whom the matrix allows, follows its configuration, and at a stop is not ready while it still serves", async () => {
    await tell(blog, "POST");
    const client = await asServiceAccount(cluster, NAMESPACE, "blog");
    await allow();
    for (const name of ["gateway", "audit"]) {
      const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
      await cluster.client.request({ method: "POST", path, body: { metadata: { name } } });
    }
    const running: RunningModule = await joinCluster({
      module: "blog",
      servicesFolder: SERVICES,
      pod: readPodEnvironment({ PLINTH_NAMESPACE: NAMESPACE, PLINTH_POD_IP: "127.0.0.1" }),
      folders,
      connection: client.connection,
      env: { PLINTH_LOG_LEVEL: "error" },
      logger: silentLogger,
      lingerMs: 300,
      onFatal: (error) => {
        throw error;
      },
    });
    const base = `http://127.0.0.1:${running.ports.http}`;
    const feed = async (caller?: string) => {
      const token = caller === undefined ? undefined : await requestToken(cluster.client, NAMESPACE, caller, "blog");
      return fetch(`${base}/api/v1/blog/rss.xml`, {
        headers: { connection: "close", ...(token !== undefined && { "x-service-token": token }) },
      });
    };
    const status = async (path: string) => (await fetch(base + path, { headers: { connection: "close" } })).status;

    expect(await status("/ready")).toBe(200);
    expect((await feed()).status).toBe(401);
    expect((await feed("audit")).status).toBe(403);
    expect(await (await feed("gateway")).text()).toContain("<title>Plinth Blog</title>");

    const config = { publicUrl: "https://blog.example", feed: { title: "Another Title", items: 20 } };
    await tell({ ...blog, spec: { ...blog.spec, config } }, "PUT");
    let seen = "";
    const look = setInterval(() => void feed("gateway").then(async (answer) => (seen = await answer.text())), 20);
    await eventually(() => seen.includes("Another Title"));
    clearInterval(look);

    const stopped = running.stop();
    let ready = 200;
    while (ready === 200) ready = await status("/ready");
    expect(ready).toBe(503);
    expect((await feed("gateway")).status).toBe(200);
    await stopped;
    await expect(status("/ready")).rejects.toThrow();
  });
});
