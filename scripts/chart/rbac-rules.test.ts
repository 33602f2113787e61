import { expect, test } from "@jest/globals";
import { KINDS, type Kind } from "../../operator/src/kube/kinds.ts";
import { buildRbacRules } from "./rbac-rules.ts";

const { namespaced, cluster } = buildRbacRules();
const rules = [...namespaced, ...cluster];

test("no rule has a wildcard", () => {
  expect(
    rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs]).filter((word) => word.includes("*")),
  ).toEqual([]);
});

test("every namespaced kind has exactly the verbs of the table", () => {
  for (const { group, plural, verbs } of (Object.values(KINDS) as Kind[]).filter(
    ({ namespaced: inNamespace, kind }) => inNamespace && kind !== "Lease",
  )) {
    const granted = namespaced
      .filter((rule) => rule.apiGroups.includes(group) && rule.resources.includes(plural))
      .flatMap((rule) => rule.verbs);
    expect([plural, granted.toSorted()]).toEqual([plural, [...verbs].toSorted()]);
  }
});

test("of what only its own Role grants, and of what it does not do, nothing is granted in all namespaces", () => {
  const granted = namespaced.flatMap(({ resources, verbs }) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)));
  const unused = /^\w+ leases$|^\w+ replicasets$|^\w+ pods\/|^(get|watch) pods$|^update secrets$/;
  expect(granted.filter((right) => unused.test(right))).toEqual([]);
});

test("subresources have rules of their own", () => {
  expect(namespaced).toContainEqual({ apiGroups: ["plinth.dev"], resources: ["modules/status"], verbs: ["patch"] });
});

test("what exists once in a cluster is only read, but for objects that the chart names", () => {
  expect(cluster.flatMap(({ verbs }) => verbs).filter((verb) => !["get", "list", "watch"].includes(verb))).toEqual([]);
  expect(cluster.flatMap(({ resources }) => resources)).toEqual(["namespaces", "customresourcedefinitions"]);
});

test("tokens are made for the gateway's account alone", () => {
  const token = rules.filter(({ resources }) => resources.includes("serviceaccounts/token"));
  expect(token).toEqual([{ apiGroups: [""], resources: ["serviceaccounts/token"], resourceNames: ["gateway"], verbs: ["create"] }]);
});
