import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import type { ModuleSpec, Reason } from "@plinth/module";
import { installCrd, startTestPlatform, type TestPlatform } from "./testing/test-platform.ts";

type Specs = Readonly<Record<string, Partial<ModuleSpec>>>;

/** For each reason that one object cannot show by itself: what runs, and what comes and is refused, by the field that is named. */
const REFUSALS: readonly [Reason, Specs, Specs, string][] = [
  ["VersionInvalid", {}, { pricing: { dependencies: [{ module: "pricing2", version: "one" }] } }, "spec.dependencies[0].version"],
  ["NameTaken", {}, { aaa: { database: { schema: "shared" } }, pricing: { database: { schema: "shared" } } }, "spec.database.schema"],
  ["RouteConflict", { catalog: { routes: [{ path: "/a" }] } }, { pricing: { routes: [{ path: "/a" }] } }, "spec.routes[0].path"],
  ["RoleInvalid", {}, { pricing: { roles: [{ name: "reader", permissions: ["pricing.price.read"] }] } }, "spec.roles[0].permissions[0]"],
  [
    "TopicConflict",
    { catalog: { events: { publishes: [{ topic: "shop", types: ["shop.opened"] }] } } },
    { pricing: { events: { publishes: [{ topic: "shop", types: ["shop.closed"] }] } } },
    "spec.events.publishes[0].topic",
  ],
  [
    "SubscriptionUnknown",
    {},
    { pricing: { events: { subscribes: [{ topic: "shop", types: ["shop.opened"] }] } } },
    "spec.events.subscribes[0].topic",
  ],
  ["DependencyMissing", {}, { pricing: { dependencies: [{ module: "catalog" }] } }, "spec.dependencies[0].module"],
  [
    "DependencyVersion",
    { catalog: {} },
    { pricing: { dependencies: [{ module: "catalog", version: "^2.0.0" }] } },
    "spec.dependencies[0].version",
  ],
  [
    "DependencyCycle",
    {},
    { catalog: { dependencies: [{ module: "pricing" }] }, pricing: { dependencies: [{ module: "catalog" }] } },
    "spec.dependencies[0].module",
  ],
  [
    "ConfigInvalid",
    {},
    { pricing: { config: { mode: "up" }, configSchema: { type: "object", properties: { mode: { enum: ["down"] } } } } },
    "spec.config.mode",
  ],
  ["SecretMissing", {}, { pricing: { secrets: [{ name: "KEY", from: { secret: "gone", key: "key" } }] } }, "spec.secrets[0].from"],
];

const ABOUT_DEPENDENCIES: readonly Reason[] = ["DependencyMissing", "DependencyVersion", "DependencyCycle"];

describeCluster("a Module that is refused", () => {
  let cluster: TestCluster;
  let platform: TestPlatform;

  beforeAll(async () => {
    cluster = await startTestCluster();
    await installCrd(cluster.client);
  });
  afterAll(() => cluster?.stop());
  afterEach(() => platform?.stop());

  test.each(REFUSALS)(
    "for %s says so in its condition, its problems and an Event, and has no children",
    async (reason, before, coming, path) => {
      platform = await startTestPlatform(cluster, `refused-${reason.toLowerCase()}`);
      const { apply, statusWhen, hear, find, writer, namespace } = platform;
      const administrator = { apiVersion: "v1", kind: "Secret", metadata: { name: "plinth-postgres", namespace } };
      await writer.create({ ...administrator, stringData: { url: "postgres://a:b@c/d" } });
      for (const [name, spec] of Object.entries(before)) {
        await apply(name, spec);
        await statusWhen(name, ({ phase }) => phase === "Running");
      }
      for (const [name, spec] of Object.entries(coming)) await apply(name, spec);
      const status = await statusWhen("pricing", ({ phase }) => phase === "Rejected");
      const type = ABOUT_DEPENDENCIES.includes(reason) ? "DependenciesResolved" : "Validated";
      const condition = status.conditions?.find((one) => one.type === type);
      expect(condition).toMatchObject({ status: "False", reason, message: expect.stringContaining(`module pricing, ${path}`) });
      expect(status.conditions?.find((one) => one.type === "Stalled")).toMatchObject({ status: "True" });
      expect(status.problems).toContainEqual(expect.objectContaining({ path, type: "Error", reason }));
      expect(await hear(reason)).toMatchObject({ type: "Warning", note: expect.stringContaining(path) });
      expect(await find("Deployment", "pricing")).toBeUndefined();
      expect(await find("ServiceAccount", "pricing")).toBeUndefined();
    },
  );
});
