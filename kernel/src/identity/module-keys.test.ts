import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createManualClock } from "../base/clock.ts";
import type { Jwks } from "./jwks.ts";
import { ensureModuleKeys, jwksFile, readSigningKey, rotateModuleKeys } from "./module-keys.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plinth-keys-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function publishedKeys(): Promise<Jwks["keys"]> {
  return (JSON.parse(await readFile(jwksFile(folder, "blog"), "utf8")) as Jwks).keys;
}

describe("module keys", () => {
  test("a key pair is made once, the private half for its owner only", async () => {
    await ensureModuleKeys(folder, "blog");
    const { kid } = await readSigningKey(folder, "blog");
    await ensureModuleKeys(folder, "blog");
    expect((await readSigningKey(folder, "blog")).kid).toBe(kid);
    expect((await publishedKeys()).map((key) => key.kid)).toEqual([kid]);
    expect((await stat(join(folder, "blog", "private.pem"))).mode & 0o777).toBe(0o600);
    expect(await readFile(jwksFile(folder, "blog"), "utf8")).not.toMatch(/"d"|"p"|"q"/);
  });

  test("after a rotation both keys are published, the old one until its tokens have expired", async () => {
    const clock = createManualClock();
    await ensureModuleKeys(folder, "blog", clock);
    const old = (await readSigningKey(folder, "blog")).kid;
    const next = await rotateModuleKeys(folder, "blog", clock);
    expect((await readSigningKey(folder, "blog")).kid).toBe(next);
    expect((await publishedKeys()).map((key) => [key.kid, key.exp])).toEqual([
      [next, undefined],
      [old, clock.now() / 1000 + 360],
    ]);
    clock.advance(361_000);
    await ensureModuleKeys(folder, "blog", clock);
    expect((await publishedKeys()).map((key) => key.kid)).toEqual([next]);
  });

  test("at no moment of a rotation is there a key that signs and is not published", async () => {
    await ensureModuleKeys(folder, "blog");
    let rotating = true;
    const rotations = (async () => {
      for (let round = 0; round < 5; round++) await rotateModuleKeys(folder, "blog");
      rotating = false;
    })();
    while (rotating) {
      const { kid } = await readSigningKey(folder, "blog");
      expect((await publishedKeys()).map((key) => key.kid)).toContain(kid);
    }
    await rotations;
  });

  test("a published document that was broken or lost is written again", async () => {
    await ensureModuleKeys(folder, "blog");
    const { kid } = await readSigningKey(folder, "blog");
    for (const damage of [() => rm(jwksFile(folder, "blog")), () => writeFile(jwksFile(folder, "blog"), '{"keys": [{"kid"')]) {
      await damage();
      await ensureModuleKeys(folder, "blog");
      expect((await publishedKeys()).map((key) => key.kid)).toEqual([kid]);
    }
  });

  test("several processes agree on one key", async () => {
    const script = `import { ensureModuleKeys } from ${JSON.stringify(join(import.meta.dirname, "module-keys.ts"))};
      await ensureModuleKeys(${JSON.stringify(folder)}, "blog");`;
    const children = Array.from({ length: 3 }, () =>
      spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "inherit" }),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
    expect(codes).toEqual([0, 0, 0]);
    expect((await publishedKeys()).map((key) => key.kid)).toEqual([(await readSigningKey(folder, "blog")).kid]);
  });

  test("a lock that a dead process left is broken", async () => {
    await ensureModuleKeys(folder, "blog");
    const lock = join(folder, "blog", ".lock");
    await writeFile(lock, "");
    await utimes(lock, new Date(0), new Date(0));
    await ensureModuleKeys(folder, "blog");
    await expect(stat(lock)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test.each(["../evil", "", "a/b", "."])("%p is no module", async (name) => {
    await expect(ensureModuleKeys(folder, name)).rejects.toThrow("no module name");
  });
});
