import { expect, test } from "@jest/globals";
import { type EndpointSlice, instancesOfSlices } from "./endpoint-slice.ts";

const READY = { ready: true, serving: true, terminating: false };
const FAILING = { ready: false, serving: false, terminating: false };
const ENDING = { ready: false, serving: true, terminating: true };
const ENDED = { ready: false, serving: false, terminating: true };

function slice(pods: Readonly<Record<string, object>>): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "blog-1" },
    addressType: "IPv4",
    endpoints: Object.entries(pods).map(([name, conditions], index) => ({
      addresses: [`10.0.0.${index + 1}`],
      conditions,
      targetRef: { kind: "Pod", name },
    })),
    ports: [{ name: "http", port: 8001 }],
  };
}

test.each([
  ["pods that are ready alone, while there are any", { a: READY, b: FAILING, c: ENDING, d: ENDED }, ["a"]],
  ["else those that are being ended and still serve", { b: FAILING, c: ENDING, d: ENDED }, ["c"]],
  ["else those whose probe fails: a busy machine may well answer calls", { b: FAILING, d: ENDED }, ["b"]],
  ["never one that is being ended and serves no more", { d: ENDED }, []],
  ["a pod of which nothing is said, as ready", { e: {}, b: FAILING }, ["e"]],
])("takes %s", (_, pods, expected) => {
  expect(instancesOfSlices([slice(pods)]).map(({ id }) => id)).toEqual(expected);
});

test("looks for the best in all slices of a module", () => {
  expect(instancesOfSlices([slice({ b: FAILING }), slice({ a: READY }), slice({ a: READY })]).map(({ id }) => id)).toEqual(["a"]);
});
