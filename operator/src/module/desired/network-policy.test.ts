import { expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { type Module, type ModuleSpec, neighbourhoods, networkEdges } from "@plinth/module";
import fc from "fast-check";
import { resolveModule } from "../resolved.ts";
import { DEFAULT_SETTINGS } from "../settings.ts";
import { labelsOf } from "./metadata.ts";
import { buildNetworkPolicy } from "./network-policy.ts";

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

interface Rule {
  readonly from?: readonly { readonly podSelector?: Selector }[];
  readonly to?: readonly { readonly podSelector?: Selector }[];
  readonly ports?: readonly { readonly port: number }[];
}

const NAMES = ["gateway", "auth", "a", "b", "c"];
const spec = fc.record({
  ports: fc.constantFrom(undefined, { http: 8000 }, { grpc: 9000 }, { http: 8000, grpc: 9000 }),
  routes: fc.constantFrom(undefined, [{ path: "/a" }]),
  calls: fc.uniqueArray(
    fc.record({ to: fc.constantFrom(...NAMES), methods: fc.constantFrom(undefined, ["x.Y/Z"]), endpoints: fc.constant([{ path: "/c" }]) }),
    {
      selector: ({ to }) => to,
    },
  ),
});
const modules = fc.tuple(...NAMES.map(() => spec)).map((specs) => specs.map((parts, index) => aModule(NAMES[index] ?? "", parts)));

test("what one module may reach, by the whole set, both sides let through; and nothing else comes in", () => {
  fc.assert(
    fc.property(modules, (set) => {
      const neighboursOf = neighbourhoods(set);
      const policies = new Map(
        set.map((module) => [module, buildNetworkPolicy(resolveModule(module, neighboursOf(module)), DEFAULT_SETTINGS)]),
      );
      const declared = new Set(networkEdges(set).flatMap(({ from, to, ports }) => ports.map((port) => `${from} ${to} ${port}`)));
      for (const from of set) {
        for (const to of set.filter((module) => module !== from)) {
          for (const port of Object.values(to.spec.ports ?? {})) {
            const edge = `${from.metadata.name} ${to.metadata.name} ${port}`;
            const isIn = lets(rulesOf(policies.get(to), "ingress"), from, port);
            const isOut = lets(rulesOf(policies.get(from), "egress"), to, port);
            // Whoever may reach the gateway is decided outside, and the keys of users' tokens are everybody's.
            const isOpen = port === to.spec.ports?.http && ["gateway", "auth"].includes(to.metadata.name);
            expect([edge, isIn]).toEqual([edge, declared.has(edge) || isOpen]);
            if (declared.has(edge) || (isOpen && to.metadata.name === "auth")) expect([edge, isOut]).toEqual([edge, true]);
          }
        }
      }
    }),
    { numRuns: 200 },
  );
});

function rulesOf(policy: KubeObject | undefined, direction: "ingress" | "egress"): readonly Rule[] {
  return ((policy?.spec ?? {}) as Partial<Record<typeof direction, readonly Rule[]>>)[direction] ?? [];
}

/** As a network plug-in decides it, for pods of one namespace. */
function lets(rules: readonly Rule[], peer: Module, port: number): boolean {
  return rules.some(({ from, to, ports }) => {
    const peers = from ?? to;
    const isPeer =
      peers === undefined || peers.some(({ podSelector }) => podSelector !== undefined && selects(podSelector, labelsOf(peer)));
    return isPeer && (ports === undefined || ports.some((allowed) => allowed.port === port));
  });
}

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => {
      const value = labels[key];
      return value !== undefined && (values === undefined || values.includes(value));
    })
  );
}

function aModule(name: string, parts: object): Module {
  const defined = JSON.parse(JSON.stringify(parts)) as Partial<ModuleSpec>;
  return { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name }, spec: { version: "1.0.0", ...defined } };
}
