import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, get, type IncomingMessage } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { type Account, anAccount, callApi, signIn } from "./accounts.ts";
import { type LocalPlatform, type PlatformOptions, ROOT, startLocalPlatform } from "./local-platform.ts";
import { descendantsOf, isAlive, listens, postmasterOf } from "./processes.ts";

/** How the platform stops when it is asked to, begins again, and what keeps it from beginning. */

const ONLY_AUTHZ: Partial<PlatformOptions> = { arguments: ["--only", "authz"] };

let platform: LocalPlatform;
let ada: Account;
let postId: string;
const others: LocalPlatform[] = [];

async function start(options: Partial<PlatformOptions> = {}): Promise<LocalPlatform> {
  return startLocalPlatform({ ports: "free", ...options });
}

beforeAll(async () => {
  platform = await start();
  ada = await anAccount(platform, "ada@example.com", { administrator: true });
  const created = await callApi(platform, "POST", "/blog/posts", { body: { title: "Kept" }, token: ada.token });
  postId = created.body.data.id;
}, 60_000);

afterAll(async () => {
  for (const each of [platform, ...others]) {
    if (each.process.exitCode === null && each.process.signalCode === null) await each.stop();
    await each.remove();
  }
}, 60_000);

/** Sends the signal, and looks for whatever is left of the platform after its end. */
async function expectCleanEnd(signal: "SIGTERM" | "SIGINT"): Promise<void> {
  const urls = [
    await platform.url("gateway"),
    await platform.url("blog"),
    `http://${await platform.grpcAddress("blog")}`,
    await platform.adminUrl(),
    platform.mails,
  ];
  const started = descendantsOf(platform.process.pid as number);
  expect(started).toContain(postmasterOf(platform.dataFolder));
  expect(await Promise.all(urls.map(listens))).toEqual(urls.map(() => true));
  platform.process.kill(signal);
  await once(platform.process, "exit");
  expect(platform.process.exitCode).toBe(0);
  expect(started.filter(isAlive)).toEqual([]);
  expect(await Promise.all(urls.map(listens))).toEqual(urls.map(() => false));
}

describe("a stop leaves no process and no open port", () => {
  test("by SIGTERM, whatever clients hold open", async () => {
    const gateway = await platform.url("gateway");
    // A connection kept alive, as browsers do, and a stream of news that has no end.
    const agent = new Agent({ keepAlive: true });
    const answer = await request(`${gateway}/api/v1/blog/posts`, agent);
    answer.resume();
    const stream = await request(`${gateway}/api/v1/notification/inbox:stream`, agent, { authorization: `Bearer ${ada.token}` });
    const ended = once(stream.resume(), "close");
    expect([answer.statusCode, stream.statusCode]).toEqual([200, 200]);
    await expectCleanEnd("SIGTERM");
    // Ended, not cut.
    await ended;
    expect(stream.complete).toBe(true);
    agent.destroy();
  });

  test("by SIGINT, after a second start that has the accounts and posts of the first", async () => {
    platform = await start({ dataFolder: platform.dataFolder });
    const again = await signIn(platform, ada.email);
    expect(again.id).toBe(ada.id);
    // The token of before is good too: its key is kept.
    for (const token of [ada.token, again.token]) {
      expect(await callApi(platform, "GET", `/blog/posts/${postId}`, { token })).toMatchObject({
        status: 200,
        body: { data: { title: "Kept" } },
      });
    }
    await expectCleanEnd("SIGINT");
  });

  test("while it still starts", async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), "plinth-e2e-"));
    const env = { ...process.env, PLINTH_DATA: dataFolder, AUTHZ_SERVER_HTTP_ADDR: "127.0.0.1:0", AUTHZ_SERVER_GRPC_ADDR: "127.0.0.1:0" };
    const child = spawn(process.execPath, [join(ROOT, "cli/bin/plinth"), "up", "--only", "authz"], { cwd: ROOT, env, stdio: "ignore" });
    others.push({ ...platform, process: child, dataFolder, remove: () => rm(dataFolder, { recursive: true, force: true }) });
    const record = join(dataFolder, "postgres.json");
    await eventually(() => existsSync(record));
    const started = descendantsOf(child.pid as number);
    child.kill("SIGTERM");
    await once(child, "exit");
    expect(child.exitCode).toBe(0);
    expect(started.filter(isAlive)).toEqual([]);
  });
});

function request(url: string, agent: Agent, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((accept, reject) => get(url, { agent, headers }, accept).once("error", reject));
}

describe("what stands in the way of a start", () => {
  test("a taken port is named, with the module and the mend; the others run", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    try {
      const address = `127.0.0.1:${port}`;
      const env = { AUDIT_SERVER_GRPC_ADDR: address, NOTIFICATION_SERVER_HTTP_ADDR: address, GATEWAY_SERVER_HTTP_ADDR: address };
      const failing = await start({ env, mayFail: true, dataFolder: platform.dataFolder });
      platform = failing;
      for (const [module, protocol, variable] of [
        ["audit", "gRPC", "AUDIT_SERVER_GRPC_ADDR"],
        ["notification", "HTTP", "NOTIFICATION_SERVER_HTTP_ADDR"],
        ["gateway", "HTTP", "GATEWAY_SERVER_HTTP_ADDR"],
      ]) {
        expect(failing.output()).toContain(
          `${module} did not start: The ${protocol} port ${address} is taken by another program. ` +
            `Stop that program, or choose another port: ${variable}=127.0.0.1:<port>\n`,
        );
        await expect(failing.url(module as string)).rejects.toThrow("No instance");
      }
      expect(failing.output()).toMatch(/^blog +\S+ +Running/m);
    } finally {
      other.close();
    }
  });

  test("a second platform on the same data is refused, and the first does not notice", async () => {
    const postmaster = postmasterOf(platform.dataFolder);
    const second = start({ dataFolder: platform.dataFolder });
    await expect(second).rejects.toThrow(`is in use: process ${platform.process.pid} runs a server on it. Stop that one first`);
    expect(postmasterOf(platform.dataFolder)).toBe(postmaster);
    expect((await fetch(`${await platform.url("blog")}/health`)).status).toBe(200);
  });

  test("of two that start at once on new data, one runs and the other is refused", async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), "plinth-e2e-"));
    const starts = await Promise.allSettled([start({ ...ONLY_AUTHZ, dataFolder }), start({ ...ONLY_AUTHZ, dataFolder })]);
    const [running] = starts.filter((each) => each.status === "fulfilled").map(({ value }) => value);
    if (running !== undefined) others.push(running);
    const refusals = starts.filter((each) => each.status === "rejected").map(({ reason }) => String(reason));
    expect(refusals).toEqual([expect.stringContaining(`is in use: process ${running?.process.pid} runs a server on it.`)]);
    expect((await fetch(`${await running?.url("authz")}/health`)).status).toBe(200);
  });
});
