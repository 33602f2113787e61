import { afterEach, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { type ConstantLoad, startConstantLoad } from "./constant-load.ts";
import { loadDerivedImage, PLATFORM_IMAGE } from "./derived-image.ts";
import { getObject, helm, kubectl } from "./kubectl.ts";
import { conditionOf, gatewayUrl, installPlatform, NAMESPACE, RELEASE, untilAnswer, untilModule } from "./platform.ts";

const inNamespace = ["-n", NAMESPACE];
/** Below the limit of the route: 600 a minute. */
const PER_SECOND = 8;
let gateway: string;
let load: ConstantLoad | undefined;

beforeAll(async () => {
  await installPlatform();
  gateway = await gatewayUrl();
}, 600_000);

afterEach(async () => {
  await load?.stop();
  load = undefined;
});

const patchBlog = (spec: object) => kubectl("patch", "module", "blog", ...inNamespace, "--type=merge", "-p", JSON.stringify({ spec }));

interface Pods {
  readonly items: {
    readonly metadata: { readonly uid: string };
    readonly status: { readonly containerStatuses?: { restartCount: number }[] };
  }[];
}

const blogPods = async () =>
  (await getObject<Pods>("pods", ...inNamespace, "-l", "app.kubernetes.io/name=blog")).items
    .map(({ metadata, status }) => `${metadata.uid} ${status.containerStatuses?.[0]?.restartCount}`)
    .sort();

test("an edited configuration reaches the pod without a restart", async () => {
  const before = await blogPods();
  const title = `News of ${Date.now()}`;
  await patchBlog({ config: { feed: { title } } });
  let asked = 0;
  // Each question has an address of its own: the gateway keeps answers for the route's time.
  await eventually(async () => {
    const response = await fetch(`${gateway}/api/v1/blog/rss.xml?asked=${asked++}`);
    return (await response.text()).includes(title);
  });
  expect(await blogPods()).toEqual(before);
});

test("a configuration that breaks its schema is refused, and what runs stays", async () => {
  await expect(patchBlog({ config: { feed: { items: 0 } } })).rejects.toThrow(/ConfigInvalid[\s\S]*spec\.config\.feed\.items/);
  await untilAnswer(`${gateway}/api/v1/blog/rss.xml`, 200);
});

test("a new version of a service with a database takes over without one failed request", async () => {
  load = startConstantLoad(`${gateway}/api/v1/blog/posts`, PER_SECOND);
  await patchBlog({ version: "0.2.0", replicas: 2 });
  await untilModule(
    "blog",
    "0.2.0 serves",
    ({ status }) => status?.version === "0.2.0" && status.phase === "Running" && status.readyReplicas === 2,
  );
  await kubectl("rollout", "status", "deploy/blog", ...inNamespace, "--timeout=120s");
  const { sent, failures } = await load.stop();
  expect(sent).toBeGreaterThan(50);
  expect([...failures]).toEqual([]);
});

test("a migration that fails leaves the old version serving, and says why, without one failed request", async () => {
  const broken = 'export async function up(tx) {\n  await tx.query("alter table no_such_table add column title text");\n}\n';
  const image = await loadDerivedImage("bad-migration", "services/blog/migrations/9999-broken.ts", broken);
  load = startConstantLoad(`${gateway}/api/v1/blog/posts`, PER_SECOND);
  await patchBlog({ version: "0.3.0", image });
  const failed = await untilModule(
    "blog",
    "its migration has failed",
    (module) => conditionOf(module, "Migrated")?.status === "False" && conditionOf(module, "Migrated")?.reason === "MigrationFailed",
  );
  expect(failed.status).toMatchObject({ version: "0.2.0", readyReplicas: 2 });
  await eventually(async () => /no_such_table/.test(await kubectl("describe", "module", "blog", ...inNamespace)));
  await patchBlog({ version: "0.2.0", image: PLATFORM_IMAGE });
  await untilModule(
    "blog",
    "it is as before",
    ({ metadata, status }) =>
      status?.observedGeneration === metadata.generation && status.phase === "Running" && status.version === "0.2.0",
  );
  const { sent, failures } = await load.stop();
  expect(sent).toBeGreaterThan(50);
  expect([...failures]).toEqual([]);
});

test("an uninstall leaves the data, and a new install finds them", async () => {
  const user = { email: `keeper-${Date.now()}@example.com`, password: "the data must stay here", first_name: "Keeper" };
  const post = (path: string, body: object) =>
    fetch(`${gateway}/api/v1${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  expect((await post("/users/register", user)).status).toBe(201);
  const bootstrap = await kubectl("get", "secret", "bootstrap", ...inNamespace, "-o", "jsonpath={.data.token}");
  await helm("uninstall", RELEASE, ...inNamespace, "--wait", "--timeout", "4m");
  expect((await kubectl("get", "modules,deployments", ...inNamespace, "-o", "name")).trim()).toBe("");
  await installPlatform();
  gateway = await gatewayUrl();
  await eventually(async () => (await post("/auth/login", { email: user.email, password: user.password })).status === 200);
  expect(await kubectl("get", "secret", "bootstrap", ...inNamespace, "-o", "jsonpath={.data.token}")).toBe(bootstrap);
});
