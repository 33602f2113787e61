import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createManualClock } from "../base/clock.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { eventually } from "../testing/eventually.ts";
import { createKeyIdentity } from "./key-identity.ts";
import { ensureModuleKeys, jwksFile, readSigningKey, rotateModuleKeys } from "./module-keys.ts";
import { openPublicKeys, type PublicKeys } from "./public-keys.ts";

let folder: string;
let keys: PublicKeys | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plinth-keys-"));
});
afterEach(async () => {
  keys?.close();
  await rm(folder, { recursive: true, force: true });
});

describe("public keys", () => {
  test("knows the keys that are there, and says whose they are", async () => {
    await ensureModuleKeys(folder, "blog");
    const { kid } = await readSigningKey(folder, "blog");
    keys = await openPublicKeys(folder, silentLogger);
    expect(keys.find(kid)?.module).toBe("blog");
    expect(keys.find("other")).toBeUndefined();
  });

  test("follows modules that come, keys that rotate and modules that go", async () => {
    keys = await openPublicKeys(folder, silentLogger);
    const opened = keys;
    await ensureModuleKeys(folder, "blog");
    const { kid } = await readSigningKey(folder, "blog");
    await eventually(() => opened.find(kid) !== undefined);
    const next = await rotateModuleKeys(folder, "blog");
    await eventually(() => opened.find(next) !== undefined);
    // A look between the two files of a rotation knows the new key alone.
    await eventually(() => (opened.find(kid)?.expMs ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY);
    const { revision } = opened;
    await rm(join(folder, "blog"), { recursive: true });
    await eventually(() => opened.find(next) === undefined);
    expect(opened.revision).toBeGreaterThan(revision);
  });

  test("a broken document keeps the keys read before and harms no other module", async () => {
    await ensureModuleKeys(folder, "blog");
    const { kid } = await readSigningKey(folder, "blog");
    const clock = createManualClock();
    keys = await openPublicKeys(folder, silentLogger, clock);
    await writeFile(jwksFile(folder, "blog"), "{");
    await mkdir(join(folder, "authz"));
    await cp(jwksFile(folder, "blog"), jwksFile(folder, "authz"));
    clock.advance(1000);
    expect(await keys.refresh()).toBe(true);
    expect(keys.find(kid)?.module).toBe("blog");
  });

  test("looks again no more often than allowed", async () => {
    const clock = createManualClock();
    keys = await openPublicKeys(folder, silentLogger, clock);
    expect(await keys.refresh()).toBe(false);
    clock.advance(200);
    expect(await keys.refresh()).toBe(true);
    expect(await keys.refresh()).toBe(false);
  });

  test("a rotation is followed by signer and verifier; tokens of both keys pass", async () => {
    const clock = createManualClock(Date.now());
    await ensureModuleKeys(folder, "blog", clock);
    keys = await openPublicKeys(folder, silentLogger, clock);
    const identity = (module: string, publicKeys: PublicKeys) =>
      createKeyIdentity({ module, signingKey: () => readSigningKey(folder, module), publicKeys, clock });
    const blog = identity("blog", keys);
    const authz = identity("authz", keys);
    const before = await blog.tokenFor("authz");
    await rotateModuleKeys(folder, "blog", clock);
    const after = await identity("blog", keys).tokenFor("authz");
    clock.advance(1000);
    expect(await authz.verify(after)).toBe("blog");
    expect(await authz.verify(before)).toBe("blog");
    expect(before.split(".")[0]).not.toBe(after.split(".")[0]);
  });
});
