import { pbkdf2Sync, randomBytes, scryptSync } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import bcrypt from "bcrypt";
import { HashingPool } from "./hashing-pool.ts";
import { createPasswordHasher } from "./password-hasher.ts";

const CHEAP = { memoryKiB: 64, passes: 1, parallelism: 1 };
const hasher = createPasswordHasher(CHEAP, new HashingPool(2, 10));
const unpadded = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");

describe("hashes", () => {
  test("verify their own password and no other, whatever form of an accent was typed", async () => {
    const hash = await hasher.hash("caf\u00e9 au lait");
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
    await expect(hasher.verify("cafe\u0301 au lait", hash)).resolves.toBe(true);
    await expect(hasher.verify("cafe au lait", hash)).resolves.toBe(false);
    expect(hasher.isOutdated(hash)).toBe(false);
  });

  test("of weaker parameters or other schemes are outdated", async () => {
    const stronger = createPasswordHasher({ ...CHEAP, passes: 2 }, new HashingPool(1, 1));
    expect(stronger.isOutdated(await hasher.hash("x"))).toBe(true);
    expect(hasher.isOutdated(await bcrypt.hash("x", 4))).toBe(true);
  });

  test("of other systems verify", async () => {
    const salt = randomBytes(16);
    const imported = {
      bcrypt: await bcrypt.hash("secret", 4),
      "bcrypt of PHP": (await bcrypt.hash("secret", 4)).replace("$2b$", "$2y$"),
      scrypt: `$scrypt$ln=4,r=8,p=1$${unpadded(salt)}$${unpadded(scryptSync("secret", salt, 32, { N: 16, r: 8, p: 1 }))}`,
      pbkdf2: `$pbkdf2-sha256$i=1000$${unpadded(salt)}$${unpadded(pbkdf2Sync("secret", salt, 1000, 32, "sha256"))}`,
    };
    for (const hash of Object.values(imported)) {
      expect(hasher.schemeOf(hash)).toBeDefined();
      await expect(hasher.verify("secret", hash)).resolves.toBe(true);
      await expect(hasher.verify("Secret", hash)).resolves.toBe(false);
    }
  });

  test.each(["", "md5:abc", "$argon2id$v=19$m=64$x", "$2b$04$short", "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"])(
    "of no known scheme are refused: %p",
    async (hash) => {
      expect(hasher.schemeOf(hash)).toBeUndefined();
      await expect(hasher.verify("x", hash)).rejects.toThrow("no scheme that we know");
    },
  );

  test("that would cost us too much are refused before they do", async () => {
    const salt = unpadded(randomBytes(16));
    const hash = unpadded(randomBytes(32));
    await expect(hasher.verify("x", `$scrypt$ln=30,r=8,p=1$${salt}$${hash}`)).rejects.toThrow("256 MiB");
    await expect(hasher.verify("x", `$pbkdf2-sha256$i=900000000$${salt}$${hash}`)).rejects.toThrow("iterations");
    await expect(hasher.verify("x", `$argon2id$v=19$m=99999999,t=1,p=1$${salt}$${hash}`)).rejects.toThrow("usable parameters");
  });
});

describe("the pool", () => {
  test("runs so many at once, keeps so many waiting, and sends the rest away", async () => {
    const pool = new HashingPool(2, 1);
    const finish: (() => void)[] = [];
    const work = () => new Promise<void>((resolve) => finish.push(resolve));
    const running = [pool.run(work), pool.run(work)];
    const waiting = pool.run(work);
    await expect(pool.run(work)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE", reason: "HASHING_OVERLOADED", retryAfterSeconds: 1 });
    expect(finish).toHaveLength(2);
    finish[0]?.();
    await running[0];
    await Promise.resolve();
    expect(finish).toHaveLength(3);
    for (const done of finish) done();
    await Promise.all([...running, waiting]);
  });

  test("gives the place back when work fails", async () => {
    const pool = new HashingPool(1, 0);
    await expect(pool.run(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(pool.run(async () => "yes")).resolves.toBe("yes");
  });
});
