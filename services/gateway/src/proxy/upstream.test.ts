import { afterEach, expect, test } from "@jest/globals";
import { Upstream } from "./upstream.ts";

const instance = (id: string) => ({ id, host: "127.0.0.1", httpPort: 1, grpcPort: 0, version: "1.0.0" });
const upstream = new Upstream("blog");
afterEach(() => upstream.close());

test("the least loaded is asked, and not the one that was tried", () => {
  upstream.update([instance("a"), instance("b")]);
  const [a, b] = upstream.instances;
  if (a === undefined || b === undefined) throw new Error("Two were given.");
  a.inFlight = 2;
  expect(upstream.pick(undefined)).toBe(b);
  expect(upstream.pick(b)).toBe(a);
});

test("who cannot be connected to is left alone, unless nobody else is there", () => {
  upstream.update([instance("a"), instance("b")]);
  const [a, b] = upstream.instances;
  a?.noteFailure(true);
  for (let index = 0; index < 10; index++) expect(upstream.pick(undefined)).toBe(b);
  for (let index = 0; index < 5; index++) b?.noteFailure(false);
  expect(upstream.pick(undefined)).toBe(a);
});

test("instances that stay keep what is known of them", () => {
  upstream.update([instance("a"), instance("b")]);
  const [a] = upstream.instances;
  upstream.update([instance("c"), instance("a")]);
  expect(upstream.instances[1]).toBe(a);
});
