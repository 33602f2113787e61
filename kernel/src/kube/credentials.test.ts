import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createManualClock } from "../base/clock.ts";
import { eventually } from "../testing/eventually.ts";
import { openFileCredentials } from "./credentials.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plinth-credentials-"));
  await writeFile(join(folder, "token"), "one\n");
  await writeFile(join(folder, "ca.crt"), "CA 1");
});
afterEach(() => rm(folder, { recursive: true }));

test("reads again after a time, and keeps the TLS identity where only the token changed", async () => {
  const clock = createManualClock();
  const source = await openFileCredentials({ ca: join(folder, "ca.crt"), token: join(folder, "token") }, { clock, recheckMs: 1000 });
  const first = await source.current();
  expect(first).toEqual({ tls: { ca: "CA 1" }, headers: { authorization: "Bearer one" } });
  await writeFile(join(folder, "token"), "two");
  clock.advance(999);
  expect(await source.current()).toBe(first);
  clock.advance(1);
  // Nobody waits for the reading.
  expect(await source.current()).toBe(first);
  await eventually(() => (source.current() as typeof first).headers.authorization === "Bearer two");
  expect((await source.current()).tls).toBe(first.tls);
});

test("reads at once when asked to, and keeps the last good ones while files are missing", async () => {
  const source = await openFileCredentials({ ca: join(folder, "ca.crt"), token: join(folder, "token") });
  expect(await source.renew()).toBe(false);
  await writeFile(join(folder, "ca.crt"), "CA 2");
  expect(await source.renew()).toBe(true);
  await rm(join(folder, "token"));
  expect(await source.renew()).toBe(false);
  expect(await source.current()).toEqual({ tls: { ca: "CA 2" }, headers: { authorization: "Bearer one" } });
  await expect(openFileCredentials({ token: join(folder, "token") })).rejects.toThrow("ENOENT");
});
