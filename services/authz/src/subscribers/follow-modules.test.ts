import { expect, test } from "@jest/globals";
import { silentLogger } from "@plinth/kernel/logging";
import { fixedModuleSet } from "@plinth/kernel/modules";
import { eventually } from "@plinth/kernel/testing";
import type { Module } from "@plinth/module";
import type { DeclaredAccess } from "../domain/declared-access.ts";
import { followModules } from "./follow-modules.ts";

function aModule(name: string, codes: string[]): Module {
  const permissions = codes.map((code) => ({ code }));
  return { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name }, spec: { version: "1.0.0", permissions } };
}

const BLOG = aModule("blog", ["blog.post.read"]);
const SHOP = aModule("shop", ["shop.order.read"]);

/** Follows a set, and keeps the codes of each writing. `hold` makes the next one wait. */
async function follow() {
  const set = fixedModuleSet([BLOG]);
  const saved: string[] = [];
  let held: Promise<void> | undefined;
  const save = async ({ permissions }: DeclaredAccess) => {
    saved.push(permissions.map(({ code }) => code).join());
    await held;
  };
  const follower = followModules(set, save, silentLogger);
  await follower.start();
  const hold = (): (() => void) => {
    const gate = Promise.withResolvers<void>();
    held = gate.promise;
    return () => {
      held = undefined;
      gate.resolve();
    };
  };
  return { set, saved, follower, hold };
}

test("what modules declare is stored at the start and after each change", async () => {
  const { set, saved, follower } = await follow();
  set.replace([BLOG, SHOP]);
  await eventually(() => saved.length === 2);
  set.replace([SHOP]);
  await eventually(() => saved.length === 3);
  expect(saved).toEqual(["blog.post.read", "blog.post.read,shop.order.read", "shop.order.read"]);
  await follower.stop();
});

test("changes during a writing are stored after it, the last one only", async () => {
  const { set, saved, follower, hold } = await follow();
  const release = hold();
  set.replace([BLOG, SHOP]);
  await eventually(() => saved.length === 2);
  set.replace([]);
  set.replace([SHOP]);
  release();
  await eventually(() => saved.length === 3);
  await follower.stop();
  expect(saved.slice(2)).toEqual(["shop.order.read"]);
});

test("a permission is known while a module declares it, also by wildcards", async () => {
  const { set, follower } = await follow();
  expect(["blog.post.read", "blog.post.*", "blog.*", "blog.comment.*", "blog.post.write", "shop.*"].map(follower.knows)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  set.replace([SHOP]);
  expect(["blog.*", "shop.*"].map(follower.knows)).toEqual([false, true]);
  await follower.stop();
});

test("nothing is stored once it has stopped", async () => {
  const { set, saved, follower } = await follow();
  await follower.stop();
  set.replace([SHOP]);
  expect(saved).toHaveLength(1);
});
