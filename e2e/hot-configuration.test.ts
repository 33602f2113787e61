import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { anAccount, callApi } from "./accounts.ts";
import { type LocalPlatform, startLocalPlatform } from "./local-platform.ts";

/** Files in `.plinth/config/` change a running platform; what breaks a rule changes nothing. */
let platform: LocalPlatform;

beforeAll(async () => {
  platform = await startLocalPlatform({ ports: "free" });
  await mkdir(join(platform.dataFolder, "config"), { recursive: true });
}, 90_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
});

const configure = (module: string, yaml: string) => writeFile(join(platform.dataFolder, "config", `${module}.yaml`), yaml);
/** What the platform writes after `act`. */
async function linesAfter(act: () => Promise<unknown>, wanted: RegExp): Promise<string> {
  const before = platform.output().length;
  await act();
  return eventually(() => wanted.exec(platform.output().slice(before))?.[0]);
}

test("a rate limit changes without a restart; a bad one is refused by key, source and rule, and the old one stays", async () => {
  await linesAfter(() => configure("gateway", "addressLimit: {requests: 5, per: 1h}\n"), /configuration changed.*addressLimit/);
  const refusal = await linesAfter(() => configure("gateway", "addressLimit: {requests: -1, per: 1h}\n"), /configuration change refused.*/);
  expect(refusal).toMatch(/key=addressLimit\.requests source="overlay gateway\.yaml" rule="must be >= 1, got -1"/);
  const statuses: number[] = [];
  for (let request = 0; request < 8; request++) statuses.push((await callApi(platform, "GET", "/blog/posts")).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
  await linesAfter(() => configure("gateway", "addressLimit: {requests: 100000, per: 1h}\n"), /configuration changed.*addressLimit/);
  expect((await callApi(platform, "GET", "/blog/posts")).status).toBe(200);
});

test("a misspelt key is refused with the one that was meant", async () => {
  const refusal = await linesAfter(() => configure("gateway", "adressLimit: {requests: 5, per: 1h}\n"), /configuration change refused.*/);
  expect(refusal).toContain("did you mean");
  expect(refusal).toContain("addressLimit");
});

test("a log level changes without a restart", async () => {
  await linesAfter(() => configure("blog", "log: {level: error}\n"), /info +blog +configuration changed.*log\.level/);
  const before = platform.output().length;
  // Changes are told at level info, refusals at level error.
  await configure("blog", "log: {level: error}\nserver: {drainTimeout: 28s}\n");
  await linesAfter(() => configure("blog", "log: {level: error}\nnoSuchKey: 1\n"), /error blog +configuration change refused/);
  expect(platform.output().slice(before)).not.toMatch(/blog +configuration changed/);
  await configure("blog", "log: {level: info}\n");
  // Every module follows the same folder: when a later change of another one is told, this one is through.
  await linesAfter(() => configure("audit", "server: {drainTimeout: 28s}\n"), /info +audit +configuration changed/);
  const told = /info +blog +configuration changed.*drainTimeout/;
  await linesAfter(() => configure("blog", "log: {level: info}\nserver: {drainTimeout: 27s}\n"), told);
});

test("a call policy changes without a restart", async () => {
  const { token } = await anAccount(platform, "ada@example.com", { administrator: true });
  const { body } = await callApi(platform, "POST", "/blog/posts", { body: { title: "Of Ada" }, token });
  const other = await anAccount(platform, "bob@example.com");
  const read = () => callApi(platform, "GET", `/blog/posts/${body.data.id}`, { token: other.token });
  // Whether Bob may see a draft is asked of authz.
  expect((await read()).status).toBe(404);
  await linesAfter(() => configure("blog", "calls: {authz: {rateLimit: 1}}\n"), /blog +configuration changed.*calls/);
  await eventually(async () => (await read()).status >= 429);
  await linesAfter(() => configure("blog", "calls: {authz: {rateLimit: 1000}}\n"), /blog +configuration changed.*calls/);
  await eventually(async () => (await read()).status === 404);
});

test("no secret is ever shown", async () => {
  const folder = join(platform.dataFolder, "secrets");
  for (const name of await readdir(folder)) {
    // The bootstrap token is there to be shown.
    if (name === "AUTHZ_BOOTSTRAP_TOKEN") continue;
    expect(platform.output()).not.toContain((await readFile(join(folder, name), "utf8")).trim());
  }
});
