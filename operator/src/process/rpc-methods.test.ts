import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { parseModules } from "@plinth/module";
import { readDescriptors } from "./read-descriptors.ts";
import { readRpcMethods } from "./rpc-methods.ts";

const SERVICES = join(import.meta.dirname, "../../../services");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "plinth-descriptors-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A message's field on the wire. */
function field(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

test("the platform's own descriptors know every method that its modules call, and no other", () => {
  const methodsOf = readRpcMethods(undefined);
  const files = readdirSync(SERVICES).flatMap((name) => {
    try {
      return [readFileSync(join(SERVICES, name, "module.yaml"), "utf8")];
    } catch {
      return [];
    }
  });
  const calls = parseModules(files.join("\n---\n"), "services").modules.flatMap(({ spec }) => spec.calls ?? []);
  const named = calls.flatMap(({ to, methods = [] }) => methods.map((method) => ({ to, method })));
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter(({ to, method }) => !methodsOf(to)?.has(method))).toEqual([]);
  expect(methodsOf("authz")?.has("plinth.authz.v1.AuthzService/Guess")).toBe(false);
  expect(methodsOf("nobody")).toBeUndefined();
});

test("names are found between fields of every other kind", () => {
  const method = Buffer.concat([field(1, "Evaluate"), field(2, ".in"), Buffer.from([0x28, 0x01])]);
  const service = Buffer.concat([field(2, method), field(1, "PriceService"), field(3, "options")]);
  const numbers = Buffer.from([
    0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1d, 1, 2, 3, 4,
  ]);
  const file = Buffer.concat([numbers, field(6, service), field(2, "plinth.price_list.v1"), field(1, "x.proto")]);
  expect(readDescriptors(field(1, file))).toEqual([
    { package: "plinth.price_list.v1", service: [{ name: "PriceService", method: [{ name: "Evaluate" }] }] },
  ]);
});

test("what is no set of descriptors is told by its name, and none at all can be asked for", () => {
  const file = join(folder, "cut.binpb");
  writeFileSync(file, field(1, field(2, "plinth.blog.v1")).subarray(0, 9));
  expect(() => readRpcMethods(file)).toThrow(`${file} is no set of descriptors`);
  expect(() => readRpcMethods(join(folder, "absent"))).toThrow("is no set of descriptors");
  expect(readRpcMethods("")("authz")).toBeUndefined();
});
