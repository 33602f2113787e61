import { describe, expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import type { Module, ModuleSpec } from "@plinth/module";
import { reservedSecrets } from "../module/reserved-secrets.ts";
import type { AdmissionRequest, Verdict } from "./admission-review.ts";
import { reviewModule } from "./review-module.ts";

function aModule(name: string, spec: Partial<ModuleSpec> = {}, more: Partial<Module> = {}): Module {
  const metadata = { name, namespace: "shop", creationTimestamp: "2026-01-01T00:00:00Z", generation: 1, ...more.metadata };
  return { apiVersion: "plinth.dev/v1alpha1", kind: "Module", spec: { version: "1.0.0", ...spec }, ...more, metadata };
}

const running = (name: string, spec: Partial<ModuleSpec> = {}): Module =>
  aModule(name, spec, { status: { phase: "Running", version: spec.version ?? "1.0.0" } });

function review(object: unknown, others: readonly Module[] = [], old?: unknown): Verdict {
  const request: AdmissionRequest = {
    uid: "u",
    operation: old === undefined ? "CREATE" : "UPDATE",
    name: "",
    namespace: "shop",
    object: object as KubeObject,
    ...(old !== undefined && { oldObject: old as KubeObject }),
  };
  return reviewModule(request, () => others as unknown as KubeObject[], reservedSecrets("plinth-postgres"));
}

describe("the review of a Module", () => {
  test("allows what is in order", () => {
    expect(review(aModule("pricing", { dependencies: [{ module: "catalog" }] }), [running("catalog")])).toEqual({
      allowed: true,
      warnings: [],
    });
  });

  test("tells every problem at once, as the command line does", () => {
    const verdict = review({
      ...aModule("pricing"),
      spec: { verson: "1.0.0", replicas: -1, calls: [{ to: "catalog", methods: ["a.B/C"] }] },
    });
    expect(verdict.allowed).toBe(false);
    expect(verdict.message).toContain("SchemaInvalid in module pricing\n  field:   spec.verson\n");
    expect(verdict.message).toContain("did you mean version?");
    expect(verdict.message).toContain("field:   spec.replicas");
    expect(verdict.message).toContain("CallUnknown in module pricing");
  });

  test.each<[string, Partial<ModuleSpec>, Module, string]>([
    ["a route", { routes: [{ path: "/api/v1/x" }] }, aModule("other", { routes: [{ path: "/api/v1/x" }] }), "RouteConflict"],
    [
      "a topic",
      { events: { publishes: [{ topic: "platform.x", types: ["platform.x.y"] }] } },
      aModule("other", { events: { publishes: [{ topic: "platform.x", types: ["platform.x.y"] }] } }),
      "TopicConflict",
    ],
    [
      "a role",
      { roles: [{ name: "boss", permissions: [] }] },
      aModule("other", { roles: [{ name: "boss", permissions: [] }] }),
      "RoleInvalid",
    ],
    ["a database schema", { database: { schema: "one" } }, aModule("other", { database: { schema: "one" } }), "NameTaken"],
    ["a cycle", { dependencies: [{ module: "other" }] }, aModule("other", { dependencies: [{ module: "pricing" }] }), "DependencyCycle"],
  ])("refuses %s that another Module has, whichever is older", (_, spec, other, reason) => {
    const created = review(aModule("pricing", spec), [other]);
    expect(created).toMatchObject({ allowed: false, message: expect.stringContaining(reason) });
    const older = aModule("pricing", spec, { metadata: { name: "pricing", creationTimestamp: "2020-01-01T00:00:00Z" } });
    expect(review(older, [other], running("pricing"))).toMatchObject({ allowed: false });
  });

  test.each(["plinth-postgres", "catalog-database", "gone-database-owner", "pricing-database-owner"])(
    "refuses the secret %s, with which the platform reaches its database",
    (secret) => {
      const verdict = review(aModule("pricing", { secrets: [{ name: "KEY", from: { secret, key: "url" }, optional: true }] }));
      expect(verdict).toMatchObject({ allowed: false, message: expect.stringContaining("spec.secrets[0].from.secret") });
      expect(verdict.message).toContain("SchemaInvalid");
    },
  );

  test("allows the secret of its own role, and any other", () => {
    const named = (secret: string) => review(aModule("pricing", { secrets: [{ name: "KEY", from: { secret, key: "url" } }] })).allowed;
    expect(["pricing-database", "pricing", "database"].map(named)).toEqual([true, true, true]);
  });

  test("lets a Module take what only a refused one claims", () => {
    const conditions = [
      {
        type: "Validated",
        status: "False" as const,
        observedGeneration: 1,
        lastTransitionTime: "2026-01-01T00:00:00Z",
        reason: "",
        message: "",
      },
    ];
    const refused = aModule("other", { routes: [{ path: "/api/v1/x" }] }, { status: { conditions } });
    expect(review(aModule("pricing", { routes: [{ path: "/api/v1/x" }] }), [refused]).allowed).toBe(true);
  });

  test.each<[string, Partial<ModuleSpec>, Module[], string]>([
    ["a dependency that is not there", { dependencies: [{ module: "catalog" }] }, [], "DependencyMissing: the module catalog is not there"],
    ["one in another version", { dependencies: [{ module: "catalog", version: "^2.0.0" }] }, [running("catalog")], "DependencyVersion"],
    ["one that is not up", { dependencies: [{ module: "catalog" }] }, [aModule("catalog")], "DependencyNotRunning"],
    [
      "a topic nobody publishes",
      { events: { subscribes: [{ topic: "catalog.product", types: ["catalog.product.deleted"] }] } },
      [],
      "SubscriptionUnknown",
    ],
    ["a permission of a module to come", { roles: [{ name: "boss", permissions: ["catalog.product.read"] }] }, [], "RoleInvalid"],
  ])("allows %s with a warning: the order of files must not matter", (_, spec, others, warning) => {
    expect(review(aModule("pricing", spec), others)).toEqual({ allowed: true, warnings: [expect.stringContaining(warning)] });
  });

  test("refuses a role over a permission that the module itself does not declare", () => {
    expect(review(aModule("pricing", { roles: [{ name: "boss", permissions: ["pricing.price.read"] }] })).allowed).toBe(false);
  });

  test("refuses a downgrade of a module with a database, unless it is asked for", () => {
    const old = running("pricing", { version: "2.0.0", database: {} });
    const lower = aModule("pricing", { version: "1.0.0", database: {} });
    expect(review(lower, [old], old)).toMatchObject({ allowed: false, message: expect.stringContaining("Downgrade in module pricing") });
    const metadata = { name: "pricing", annotations: { "plinth.dev/allow-downgrade": "true" } };
    expect(review({ ...lower, metadata }, [old], old).allowed).toBe(true);
  });

  test("never stands in the way of what is deleted, or of changes to other things than the spec", () => {
    const broken = { ...aModule("pricing"), spec: { version: "not a version" } };
    expect(review({ ...broken, metadata: { name: "pricing", labels: { a: "b" } } }, [], broken)).toEqual({ allowed: true });
    const deleted = { ...broken, spec: { version: "nor this" }, metadata: { name: "pricing", deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(review(deleted, [], broken)).toEqual({ allowed: true });
  });

  test("survives objects that are no modules at all", () => {
    expect(review({ apiVersion: "v1", kind: "Module", metadata: {} }).allowed).toBe(false);
    expect(review({ apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name: "x" }, spec: null }).allowed).toBe(false);
  });
});

describe("the deletion of a Module", () => {
  const remove = (others: readonly Module[]): Verdict =>
    reviewModule(
      { uid: "u", operation: "DELETE", name: "catalog", namespace: "shop" },
      () => others as unknown as KubeObject[],
      () => false,
    );

  test("is allowed, and names those that need it", () => {
    const verdict = remove([
      running("catalog"),
      aModule("pricing", { dependencies: [{ module: "catalog" }] }),
      aModule("basket", { dependencies: [{ module: "catalog" }] }),
      aModule("search", { dependencies: [{ module: "catalog", optional: true }] }),
    ]);
    expect(verdict.allowed).toBe(true);
    expect(verdict.warnings).toEqual([expect.stringContaining("catalog is needed by the modules basket, pricing: ")]);
  });

  test("says nothing where nobody needs it, or all of them go as well", () => {
    const metadata = { name: "pricing", deletionTimestamp: "2026-01-01T00:00:00Z" };
    expect(remove([running("catalog"), aModule("pricing", { dependencies: [{ module: "catalog" }] }, { metadata })])).toEqual({
      allowed: true,
    });
  });
});
