import { afterEach, expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import type { ModuleSpec } from "@plinth/module";
import { createModuleSet, type ModuleSet, type ModuleSetOptions } from "./module-set.ts";
import { reservedSecrets } from "./reserved-secrets.ts";

let set: ModuleSet | undefined;
afterEach(() => set?.close());

let generation = 0;

function aModule(name: string, spec: Partial<ModuleSpec> = {}, more: { status?: object; metadata?: object } = {}): KubeObject {
  generation++;
  return {
    apiVersion: "plinth.dev/v1alpha1",
    kind: "Module",
    metadata: { name, namespace: "shop", uid: `uid-${name}`, generation, creationTimestamp: "2026-01-01T00:00:00Z", ...more.metadata },
    spec: { version: "1.0.0", ...spec },
    ...(more.status !== undefined && { status: more.status }),
  };
}

const up = { currentRevision: "r", version: "1.0.0", readyReplicas: 1, phase: "Running" };

/** A set whose changes are waited for one round at a time. */
function aSet(
  secrets: ReadonlySet<string> = new Set(),
  more: Pick<ModuleSetOptions, "rpcMethods"> = {},
): { set: ModuleSet; nextChange: () => Promise<string[]> } {
  const rounds: string[][] = [];
  let wake: (() => void) | undefined;
  set = createModuleSet({
    hasSecret: (_, { from }) => secrets.has(from.secret),
    isReservedSecret: reservedSecrets("plinth-postgres"),
    lastAccepted: () => undefined,
    ...more,
    onChange(names) {
      rounds.push([...names].sort());
      wake?.();
    },
  });
  return {
    set,
    async nextChange() {
      while (rounds.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return rounds.shift() ?? [];
    },
  };
}

function reasonsOf(of: ModuleSet, name: string): { refused: string[]; waiting: string[] } {
  const { refused = [], waiting = [] } = of.find(name)?.verdict ?? {};
  return { refused: refused.map(({ reason }) => reason), waiting: waiting.map(({ reason }) => reason) };
}

test("a dependent waits, and is told when what it needs comes up; nobody else is", async () => {
  const { set, nextChange } = aSet();
  set.update("catalog", aModule("catalog"));
  set.update("pricing", aModule("pricing", { dependencies: [{ module: "catalog" }] }));
  set.update("audit", aModule("audit"));
  expect(await nextChange()).toEqual(["audit", "catalog", "pricing"]);
  expect(reasonsOf(set, "pricing")).toEqual({ refused: [], waiting: ["DependencyNotRunning"] });
  expect(set.find("catalog")?.verdict.requiredBy).toEqual(["pricing"]);

  const catalog = aModule("catalog", {}, { status: up, metadata: { generation: 1 } });
  set.update("catalog", { ...catalog, metadata: { ...catalog.metadata, generation: 1 } });
  const told = await nextChange();
  expect(told).toContain("pricing");
  expect(told).not.toContain("audit");
  expect(reasonsOf(set, "pricing")).toEqual({ refused: [], waiting: [] });
  expect(set.find("pricing")?.dependencies).toEqual([{ module: "catalog", resolved: "1.0.0", phase: "Running" }]);
});

test("a change that is a module's own business reaches that module alone", async () => {
  const { set, nextChange } = aSet();
  set.update("catalog", aModule("catalog"));
  set.update("pricing", aModule("pricing", { dependencies: [{ module: "catalog" }] }));
  await nextChange();
  set.update("catalog", aModule("catalog", { image: "catalog:2" }));
  expect(await nextChange()).toEqual(["catalog"]);
  expect(set.find("catalog")?.entry.module?.spec.image).toBe("catalog:2");
});

test("a change of its own business that is wrong is refused all the same", async () => {
  const { set, nextChange } = aSet();
  set.update("catalog", aModule("catalog"));
  await nextChange();
  set.update("catalog", aModule("catalog", { config: { a: 1 }, configSchema: { type: "object", properties: { a: { type: "string" } } } }));
  await nextChange();
  expect(reasonsOf(set, "catalog").refused).toEqual(["ConfigInvalid"]);
  set.update("catalog", aModule("catalog"));
  await nextChange();
  expect(reasonsOf(set, "catalog").refused).toEqual([]);
});

test("a status that says the same again changes nothing", async () => {
  const { set, nextChange } = aSet();
  const catalog = aModule("catalog");
  set.update("catalog", catalog);
  await nextChange();
  set.update("catalog", { ...catalog, status: { observedGeneration: 1 } });
  set.update("pricing", aModule("pricing"));
  expect(await nextChange()).toEqual(["pricing"]);
});

test("a caller that changes what it calls is told to the callee, before and after", async () => {
  const { set, nextChange } = aSet();
  const calling = (to: string) =>
    aModule("pricing", { dependencies: [{ module: to }], calls: [{ to, methods: ["plinth.x.v1.XService/Get"] }] });
  set.update("catalog", aModule("catalog", { ports: { http: 80 } }));
  set.update("promotion", aModule("promotion", { ports: { http: 80 } }));
  set.update("audit", aModule("audit"));
  set.update("pricing", calling("catalog"));
  await nextChange();
  const callersOf = (name: string): string[] => {
    const module = set.find(name)?.entry.module;
    return module === undefined ? [] : set.resolvedOf(module).callers.map(({ from }) => from);
  };
  expect([callersOf("catalog"), callersOf("promotion"), callersOf("audit")]).toEqual([["pricing"], [], []]);
  set.update("pricing", calling("promotion"));
  expect(await nextChange()).toEqual(["catalog", "pricing", "promotion"]);
  expect([callersOf("catalog"), callersOf("promotion")]).toEqual([[], ["pricing"]]);
});

test("a secret of the platform's database is refused, also of a module that runs", async () => {
  const { set, nextChange } = aSet(new Set(["plinth-postgres", "catalog-database"]));
  set.update("pricing", aModule("pricing", {}, { status: up }));
  await nextChange();
  for (const secret of ["plinth-postgres", "catalog-database"]) {
    set.update("pricing", aModule("pricing", { secrets: [{ name: "KEY", from: { secret, key: "url" } }] }, { status: up }));
    await nextChange();
    expect(reasonsOf(set, "pricing").refused).toEqual(["SchemaInvalid"]);
    expect(set.find("pricing")?.verdict.refused[0]?.path).toBe("spec.secrets[0].from.secret");
    set.update("pricing", aModule("pricing", {}, { status: up }));
    await nextChange();
  }
});

test("a secret that comes lets the module go on, at once", async () => {
  const secrets = new Set<string>();
  const { set, nextChange } = aSet(secrets);
  set.update("pricing", aModule("pricing", { secrets: [{ name: "FX", from: { secret: "fx", key: "key" } }] }));
  await nextChange();
  expect(reasonsOf(set, "pricing").refused).toEqual(["SecretMissing"]);
  secrets.add("fx");
  set.invalidate(["pricing"]);
  expect(await nextChange()).toEqual(["pricing"]);
  expect(reasonsOf(set, "pricing").refused).toEqual([]);
});

test("a module that goes leaves its dependents refused, and is told itself", async () => {
  const { set, nextChange } = aSet();
  set.update("catalog", aModule("catalog"));
  set.update("pricing", aModule("pricing", { dependencies: [{ module: "catalog" }] }));
  await nextChange();
  set.update("catalog", undefined);
  expect(await nextChange()).toEqual(["catalog", "pricing"]);
  expect(set.find("catalog")).toBeUndefined();
  expect(reasonsOf(set, "pricing").refused).toEqual(["DependencyMissing"]);
});

test("a call of a method that the callee does not have is refused, as long as anything is known of its methods", async () => {
  const known = new Set(["plinth.catalog.v1.CatalogService/GetProduct"]);
  const { set, nextChange } = aSet(new Set(), { rpcMethods: ({ spec }) => (spec.image === undefined ? known : undefined) });
  const caller = (method: string): KubeObject =>
    aModule("pricing", {
      dependencies: [{ module: "catalog" }],
      calls: [{ to: "catalog", methods: [`plinth.catalog.v1.CatalogService/${method}`] }],
    });
  set.update("catalog", aModule("catalog", {}, { status: up }));
  set.update("pricing", caller("GetProduct"));
  await nextChange();
  expect(reasonsOf(set, "pricing")).toEqual({ refused: [], waiting: [] });

  set.update("pricing", caller("GetProducts"));
  await nextChange();
  expect(set.find("pricing")?.verdict.refused).toMatchObject([
    { reason: "CallUnknown", path: "spec.calls[0].methods[0]", mend: expect.stringContaining("CatalogService/GetProduct?") },
  ]);

  // Somebody else's image may have it.
  set.update("catalog", aModule("catalog", { image: "example/catalog:1" }, { status: up }));
  expect(await nextChange()).toContain("pricing");
  expect(reasonsOf(set, "pricing")).toEqual({ refused: [], waiting: [] });
});
