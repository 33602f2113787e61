import { expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { hasOwnedFields } from "./owned-fields.ts";

/** What the API server itself makes of our objects is tried in desired/server.component.test.ts. */
const POLICY = "NetworkPolicy";

test.each<[string, string, object, object, boolean]>([
  ["equal values", "ConfigMap", { a: 1, b: ["x"] }, { a: 1, b: ["x"] }, true],
  ["what others added", "ConfigMap", { a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 }, true],
  ["another value", "ConfigMap", { a: { b: 1 } }, { a: { b: 2 } }, false],
  ["a missing field", "ConfigMap", { a: { b: 1 } }, { a: {} }, false],
  ["empty where there is nothing", "Deployment", { a: {}, b: [], c: "", minReadySeconds: 0 }, {}, true],
  ["an empty mapping where there is something: all of that is others'", "ConfigMap", { a: {} }, { a: { b: 1 } }, true],
  ["an empty list where there is something", POLICY, { ingress: [] }, { ingress: [{}] }, false],
  ["false where there is nothing, which may mean true", "ServiceAccount", { automount: false }, {}, false],
  ["false where there is true", "ConfigMap", { a: false }, { a: true }, false],
  ["none wanted where there are some", "Deployment", { replicas: 0 }, { replicas: 3 }, false],
  [
    "a quantity in another form",
    "Deployment",
    { limits: { cpu: "0.5", memory: "1024Mi" } },
    { limits: { cpu: "500m", memory: "1Gi" } },
    true,
  ],
  ["a whole number of CPUs", "Deployment", { limits: { cpu: 2 } }, { limits: { cpu: "2" } }, true],
  ["another quantity", "Deployment", { limits: { cpu: "0.5" } }, { limits: { cpu: "600m" } }, false],
  ["a text that only looks like a quantity", "ConfigMap", { data: { a: "0.5" } }, { data: { a: "0.50" } }, false],
  [
    "a list by name in another order, with one more of another's",
    "Deployment",
    { env: [{ name: "a", value: "1" }, { name: "b" }] },
    { env: [{ name: "c" }, { name: "b" }, { name: "a", value: "1" }] },
    true,
  ],
  ["an entry that changed", "Deployment", { env: [{ name: "a", value: "1" }] }, { env: [{ name: "a", value: "2" }] }, false],
  ["an entry that is gone", "Deployment", { env: [{ name: "a" }] }, { env: [{ name: "b" }] }, false],
  [
    "a port twice, by TCP and by UDP",
    "Service",
    { ports: [port(53, "TCP"), port(53, "UDP")] },
    { ports: [port(53, "UDP"), port(53, "TCP")] },
    true,
  ],
  ["one of them missing", "Service", { ports: [port(53, "TCP"), port(53, "UDP")] }, { ports: [port(53, "UDP")] }, false],
  [
    "one more port in a Service: its owner is somebody else",
    "Service",
    { ports: [port(80, "TCP")] },
    { ports: [port(80, "TCP"), port(81, "TCP")] },
    true,
  ],
  ["one more port in a policy: a door", POLICY, { ports: [port(80, "TCP")] }, { ports: [port(80, "TCP"), port(81, "TCP")] }, false],
  ["one more rule in a Role", "Role", { rules: [{ verbs: ["get"] }] }, { rules: [{ verbs: ["get"] }, { verbs: ["*"] }] }, false],
  ["texts keep their order", "Role", { verbs: ["a", "b"] }, { verbs: ["b", "a"] }, false],
])("%s", (_name, kind, desired, live, expected) => {
  expect(hasOwnedFields(anObject(kind, desired), anObject(kind, live))).toBe(expected);
});

function anObject(kind: string, fields: object): KubeObject {
  return { apiVersion: "v1", kind, metadata: { name: "a" }, spec: fields };
}

function port(number: number, protocol: string): object {
  return { port: number, protocol };
}
