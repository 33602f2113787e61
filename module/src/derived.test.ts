import { describe, expect, test } from "@jest/globals";
import { callersOf, callMatrix, consulMatrix } from "./call-matrix.ts";
import { networkEdges } from "./network-edges.ts";
import { permissionConstants } from "./permission-constants.ts";
import { permissionRegistry } from "./permission-registry.ts";
import { aModule } from "./testing/a-module.ts";
import { topics } from "./topics.ts";

const promotion = aModule("promotion", {
  ports: { http: 8003, grpc: 9003 },
  routes: [
    { path: "/api/v1/promotions/**", methods: ["GET"], auth: "public" },
    { path: "/api/v1/promotions/**", methods: ["POST"], permission: "promotion.promotion.create" },
  ],
  permissions: [{ code: "promotion.promotion.create", description: "Create */ promotions" }, { code: "promotion.code-list.read" }],
  roles: [{ name: "promoter", permissions: ["promotion.promotion.*"] }],
  events: { publishes: [{ topic: "promotion", types: ["promotion.created"], partitions: 6, retention: "1d" }] },
});
const pricing = aModule("pricing", {
  ports: { http: 8002, grpc: 9002 },
  dependencies: [{ module: "promotion" }],
  calls: [
    {
      to: "promotion",
      methods: ["plinth.promotion.v1.PromotionService/Evaluate"],
      endpoints: [{ path: "/api/v1/promotions/{id}", methods: ["GET"] }],
      rateLimit: 1000,
      timeout: "2s",
      retries: { attempts: 3, initial: "100ms", max: "2s" },
      circuitBreaker: { failureThreshold: 5, recoveryTimeout: "60s" },
    },
  ],
  events: {
    subscribes: [
      { topic: "promotion", types: ["promotion.created"] },
      { topic: "nobody", types: ["nobody.x"] },
    ],
  },
});
const gateway = aModule("gateway", { ports: { http: 8080 }, routes: [{ path: "/graphql" }] });
const all = [promotion, gateway, pricing];

describe("the call matrix", () => {
  test("has what is declared, and the gateway for each module with routes but itself", () => {
    expect(callMatrix(all)).toEqual([
      {
        from: "gateway",
        to: "promotion",
        methods: ["*"],
        endpoints: [{ path: "/api/v1/promotions/**", methods: ["GET", "HEAD", "POST"] }],
      },
      {
        from: "pricing",
        to: "promotion",
        methods: ["plinth.promotion.v1.PromotionService/Evaluate"],
        endpoints: [{ path: "/api/v1/promotions/{id}", methods: ["GET", "HEAD"] }],
        rateLimitPerSecond: 1000,
        timeoutMs: 2000,
        retries: { attempts: 3, initialMs: 100, maxMs: 2000 },
        circuitBreaker: { failureThreshold: 5, recoveryTimeoutMs: 60_000 },
      },
    ]);
    expect(callersOf("pricing", all)).toEqual([]);
    expect(callersOf("promotion", all)).toEqual(callMatrix(all));
  });

  test("joins what the gateway declares with what follows from the routes", () => {
    const calling = aModule("gateway", {
      dependencies: [{ module: "promotion" }],
      calls: [{ to: "promotion", methods: ["a.B/C"], endpoints: [{ path: "/internal" }], timeout: "1s" }],
    });
    expect(callersOf("promotion", [calling, promotion])).toMatchObject([
      { from: "gateway", methods: ["*", "a.B/C"], timeoutMs: 1000, endpoints: [{ path: "/api/v1/promotions/**" }, { path: "/internal" }] },
    ]);
  });

  test("is rendered for Consul", () => {
    const entries = consulMatrix(callMatrix(all));
    expect([...entries.keys()]).toEqual([
      "service-permissions/gateway-service/promotion-service",
      "service-permissions/pricing-service/promotion-service",
    ]);
    expect(JSON.parse(entries.get("service-permissions/pricing-service/promotion-service") ?? "")).toEqual({
      permissions: ["plinth.promotion.v1.PromotionService/Evaluate"],
      endpoints: [{ path: "/api/v1/promotions/{id}", methods: ["GET", "HEAD"] }],
      rate_limit: 1000,
      timeout: "2s",
      circuit_breaker: { failure_threshold: 5, recovery_timeout: "60s" },
    });
  });

  test("opens the ports that the calls need", () => {
    expect(networkEdges(all)).toEqual([
      { from: "gateway", to: "promotion", ports: [8003, 9003] },
      { from: "pricing", to: "promotion", ports: [8003, 9003] },
    ]);
    expect(
      networkEdges([aModule("a", { calls: [{ to: "b", methods: ["x.Y/Z"] }] }), aModule("b", { ports: { http: 8, grpc: 9 } })]),
    ).toEqual([{ from: "a", to: "b", ports: [9] }]);
  });
});

test("the registry has every permission and role once, and the built-in roles first", () => {
  const { permissions, roles } = permissionRegistry([promotion, promotion, pricing]);
  expect(permissions).toEqual([
    { code: "promotion.code-list.read", description: "", module: "promotion" },
    { code: "promotion.promotion.create", description: "Create */ promotions", module: "promotion" },
  ]);
  expect(roles.map(({ name, permissions: granted, module }) => [name, granted, module])).toEqual([
    ["platform-admin", ["*"], "platform"],
    ["user", [], "platform"],
    ["promoter", ["promotion.promotion.*"], "promotion"],
  ]);
});

test("the constants are TypeScript, whatever the descriptions say", () => {
  expect(permissionConstants([promotion])).toBe(`// Generated from the module files: do not edit.

/** Every permission that a module declares. */
export const permissions = {
  promotion: {
    "code-list": {
      read: "promotion.code-list.read",
    },
    promotion: {
      /** Create *\\/ promotions */
      create: "promotion.promotion.create",
    },
  },
} as const;

/** The code of a permission. */
export type PermissionCode =
  | "promotion.code-list.read"
  | "promotion.promotion.create";
`);
  expect(permissionConstants([])).toContain("export type PermissionCode = never;");
});

test("topics have their publisher, and a consumer group for each subscribing module", () => {
  const audit = aModule("audit", { events: { subscribes: [{ topic: "platform.audit", types: ["platform.audit.recorded"] }] } });
  expect(topics([...all, audit])).toEqual([
    {
      topic: "platform.audit",
      publisher: "*",
      types: ["platform.audit.recorded"],
      partitions: 3,
      retentionMs: 604_800_000,
      consumerGroups: [{ module: "audit", types: ["platform.audit.recorded"] }],
    },
    {
      topic: "promotion",
      publisher: "promotion",
      types: ["promotion.created"],
      partitions: 6,
      retentionMs: 86_400_000,
      consumerGroups: [{ module: "pricing", types: ["promotion.created"] }],
    },
  ]);
});
