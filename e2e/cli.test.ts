import { type ChildProcess, execFile, spawn } from "node:child_process";
import { on, once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { Client } from "pg";
import { type Account, anAccount } from "./accounts.ts";
import { type LocalPlatform, ROOT, startLocalPlatform } from "./local-platform.ts";

/** Commands that work on a platform that runs, each as a process. */

const PLINTH = join(ROOT, "cli/bin/plinth");

let platform: LocalPlatform;
let admin: Account;
let blog: ChildProcess;
/** What the joining module said. */
let joined: string | undefined;

beforeAll(async () => {
  // Without blog: that one joins from a process of its own.
  platform = await startLocalPlatform({ ports: "free", arguments: ["--only", "gateway,notification,audit"] });
  admin = await anAccount(platform, "admin@example.com", { administrator: true });
  const env = { PLINTH_DATA: platform.dataFolder, BLOG_SERVER_HTTP_ADDR: "127.0.0.1:0", BLOG_SERVER_GRPC_ADDR: "127.0.0.1:0" };
  const child = spawn(process.execPath, [PLINTH, "run", "blog"], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  blog = child;
  // Its log lines come first.
  for await (const [line] of on(createInterface({ input: child.stdout }), "line", { close: ["close"] })) {
    joined = String(line);
    if (joined.includes("runs: ")) break;
  }
  // The gateway asks the newcomer which RPC methods fall under its routes; until then it knows none.
  await eventually(async () => (await plinth(["call", "--list", "BlogService"])).code === 0);
}, 90_000);
afterAll(async () => {
  const ended = once(blog, "exit");
  blog.kill("SIGTERM");
  await ended;
  await platform.stop();
  await platform.remove();
  expect(blog.exitCode).toBe(0);
}, 60_000);

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function plinth(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const options = { cwd: ROOT, env: { ...process.env, PLINTH_DATA: platform.dataFolder, ...env } };
  return new Promise((accept) => {
    execFile(process.execPath, [PLINTH, ...args], options, (error, stdout, stderr) => {
      accept({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

async function json(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await plinth([...args, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

async function sql(text: string, values: unknown[] = []): Promise<void> {
  const client = new Client({ connectionString: await platform.adminUrl() });
  await client.connect();
  try {
    await client.query(text, values);
  } finally {
    await client.end();
  }
}

describe("plinth run", () => {
  test("joins a module to the platform, which the gateway then serves; a second one is refused", async () => {
    expect(joined).toMatch(/^blog \d+\.\d+\.\d+ runs: http:\/\/127\.0\.0\.1:\d+\/docs, gRPC on 127\.0\.0\.1:\d+\. Ctrl-C ends it\.$/);
    const called = await plinth(["call", "BlogService/ListPosts"]);
    expect(JSON.parse(called.stdout)).toEqual({ posts: [], next_page_token: "" });
    const again = await plinth(["run", "blog"]);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/^Module blog runs already, on port \d+\. Stop it, or start the platform without it/);
  });

  test("knows no other module", async () => {
    expect(await plinth(["run", "blgo"])).toMatchObject({ code: 1, stderr: "There is no module blgo. Did you mean blog?\n" });
  });
});

describe("plinth call", () => {
  const newPost = JSON.stringify({ title: "Called", content: "by command" });

  test("calls for the user whose token it has", async () => {
    const { code, stdout } = await plinth(["call", "BlogService/CreatePost", newPost], { PLINTH_TOKEN: admin.token });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ slug: "called", author_id: admin.id, status: "POST_STATUS_DRAFT" });
  });

  test("tells what is wrong, and exits with 2 where it was called wrongly", async () => {
    const cases: [args: string[], code: number, message: string][] = [
      [["BlogService/CreatePost", newPost], 1, "UNAUTHORIZED (MISSING_TOKEN): An access token is needed"],
      [["BlogService/GetPost", '{"id":"post_1"}'], 1, "NOT_FOUND (POST_NOT_FOUND): There is no post post_1.\n  post=post_1\n"],
      [["BlogService/GetPost", '{"di":"post_1"}'], 2, 'key "di" is unknown. It has: id.'],
      [["BlogService/GetPost", "{"], 2, "the argument is no JSON"],
      [["BlogService/GetPots"], 2, "plinth.blog.v1.BlogService has no method GetPots. Did you mean GetPost?"],
      [["BlgoService/GetPost"], 2, "There is no service BlgoService. Did you mean BlogService?"],
      [["GetPost"], 2, "GetPost is no method. Write it as BlogService/ListPosts."],
      [[], 2, "Name a method: plinth call BlogService/ListPosts."],
      [
        ["BlogService/ListPosts", "--address", "127.0.0.1:1"],
        1,
        "Nobody answers at 127.0.0.1:1. Start the platform: plinth up; or name another --address.",
      ],
    ];
    const runs = await Promise.all(cases.map(([args]) => plinth(["call", ...args])));
    for (const [index, [args, code, message]] of cases.entries()) {
      expect({ args, ...runs[index] }).toEqual({ args, code, stdout: "", stderr: expect.stringContaining(message) });
    }
  }, 60_000);

  test("lists what can be called", async () => {
    expect(await json("call", "--list", "BlogService")).toContainEqual({
      method: "plinth.blog.v1.BlogService/GetPost",
      request: "plinth.blog.v1.GetPostRequest",
      response: "plinth.blog.v1.Post",
      stream: false,
    });
  });
});

describe("plinth events tail", () => {
  test("shows events of the past, and ends after as many as asked for", async () => {
    const { stdout } = await plinth(["events", "tail", "platform.user", "--since", "1h", "--count", "1", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ type: "platform.user.created", topic: "platform.user", key: admin.id });
  });

  test("knows no other topic", async () => {
    expect(await plinth(["events", "tail", "platform.usr"])).toMatchObject({
      code: 1,
      stderr: "There is no topic platform.usr. Did you mean platform.user?\n",
    });
  });
});

describe("plinth dlq", () => {
  /** A letter whose event nobody handles, so that a replay brings it back. */
  async function aDeadLetter(eventId: string): Promise<void> {
    const envelope = {
      ...{
        eventId,
        eventType: "Gone",
        type: "platform.user.gone",
        topic: "platform.user",
        version: "1.0",
        timestamp: new Date().toISOString(),
      },
      ...{ source: "identity-service", tenantId: "default", key: "user_1", traceparent: "", data: {} },
    };
    await sql(
      `insert into notification.dead_letters (event_id, topic, type, key, tenant_id, envelope, reason, error, attempts)
       values ($1, 'platform.user', 'platform.user.gone', 'user_1', 'default', $2, 'INTERNAL_ERROR', 'It broke.', 5)`,
      [eventId, JSON.stringify(envelope)],
    );
  }

  test("lists dead letters, has them handled anew, and discards them", async () => {
    await aDeadLetter("evt_1");
    expect(await json("dlq", "list", "notification")).toMatchObject([
      { module: "notification", eventId: "evt_1", reason: "INTERNAL_ERROR", attempts: 5 },
    ]);
    expect(await plinth(["dlq", "replay", "notification", "evt_1"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 to be handled anew/),
    });
    const letters = await eventually(
      async () => (await json("dlq", "list")) as { reason: string; replayRequested: boolean }[],
      ([letter]) => letter?.replayRequested !== true,
    );
    expect(letters).toMatchObject([{ eventId: "evt_1", reason: "NOT_FOUND", error: expect.stringContaining("no longer handles") }]);
    expect(await plinth(["dlq", "discard", "notification", "--all"])).toMatchObject({ code: 0, stdout: "1 discarded.\n" });
    expect(await json("dlq", "list")).toEqual([]);
  }, 60_000);

  test("does nothing to events that are not named", async () => {
    expect(await plinth(["dlq", "discard", "notification"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Name events, or take --all"),
    });
    expect(await plinth(["dlq", "replay", "notification", "evt_9"])).toMatchObject({ code: 1, stderr: "There is no dead letter evt_9.\n" });
    expect(await plinth(["dlq", "list", "gateway"])).toMatchObject({ code: 1, stderr: "Module gateway declares no database.\n" });
  });
});

describe("plinth jobs", () => {
  test("counts jobs, lists those that failed for good, and gives them new tries", async () => {
    // A job that no handler is known for waits; with no tries left it has failed.
    await sql(`select authz_jobs.add_job('no-such-job', '{}'::json)`);
    await sql("update authz_jobs._private_jobs set attempts = max_attempts, last_error = 'It broke.'");
    const [failed] = (await json("jobs", "failed")) as { id: string }[];
    expect(failed).toMatchObject({ module: "authz", name: "no-such-job", lastError: "It broke." });
    expect(await json("jobs", "list", "authz")).toMatchObject([{ module: "authz", failed: 1 }]);
    expect(await plinth(["jobs", "replay", "authz", failed?.id ?? ""])).toMatchObject({
      code: 0,
      stdout: "1 to be tried again by authz.\n",
    });
    expect(await json("jobs", "failed", "authz")).toEqual([]);
    expect(await plinth(["jobs", "discard", "authz", failed?.id ?? ""])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("has no failed job"),
    });
  });
});

describe("plinth migrate", () => {
  test("tells what was applied, and leaves a running platform alone", async () => {
    const states = (await json("migrate", "status", "authz")) as { source: string; appliedAt?: string }[];
    expect(states.map(({ source }) => source)).toEqual(expect.arrayContaining(["events", "authz"]));
    expect(states.every(({ appliedAt }) => appliedAt !== undefined)).toBe(true);
    expect(await plinth(["migrate", "up", "authz"])).toMatchObject({ code: 0, stdout: "Everything is up to date.\n" });
  });
});

describe("plinth audit verify", () => {
  test("finds the record as it was signed, and not as another key signed it", async () => {
    const report = await eventually(
      async () => (await json("audit", "verify")) as { tenants: { entriesChecked: number }[] },
      ({ tenants }) => tenants.length > 0,
    );
    expect(report).toMatchObject({ valid: true, tenants: [{ tenantId: "default", problems: [] }] });
    const foreign = await plinth(["audit", "verify", "--key", Buffer.alloc(32, 7).toString("base64url")]);
    expect(foreign.code).toBe(1);
    expect(foreign.stdout).toContain("signature-invalid");
    expect(await plinth(["audit", "verify", "--key", "short"])).toMatchObject({ code: 2 });
  }, 60_000);
});

describe("plinth keys rotate", () => {
  test("replaces keys while calls go on", async () => {
    const before = (await json("keys", "rotate", "gateway")) as { key: string }[];
    const after = (await json("keys", "rotate", "--all")) as { module: string; key: string }[];
    expect(after.find(({ module }) => module === "gateway")?.key).not.toBe(before[0]?.key);
    expect(await plinth(["call", "BlogService/ListPosts"])).toMatchObject({ code: 0 });
    const users = await plinth(["keys", "rotate", "--access-tokens"], { PLINTH_TOKEN: admin.token });
    expect(JSON.parse(users.stdout)).toMatchObject({ kid: expect.stringMatching(/./), previous_kids: [expect.any(String)] });
    expect(await plinth(["keys", "rotate"])).toMatchObject({ code: 2 });
  });
});

describe("plinth modules and doctor", () => {
  test("tell what runs, and that all is well", async () => {
    const modules = (await json("modules")) as { module: string }[];
    const running = { phase: "Running", instances: 1, health: "ok" };
    for (const name of ["gateway", "authz", "blog"]) expect(modules.find(({ module }) => module === name)).toMatchObject(running);
    const findings = (await json("doctor")) as { level: string; what: string }[];
    expect(findings.filter(({ level }) => level === "fail")).toEqual([]);
    expect(findings.map(({ what }) => what)).toContainEqual(expect.stringMatching(/^Postgres runs on port \d+$/));
  }, 60_000);

  test("doctor names what is wrong, and how to mend it", async () => {
    const folder = `${platform.dataFolder}-broken`;
    await mkdir(join(folder, "secrets"), { recursive: true });
    await writeFile(join(folder, "secrets", "OPEN"), "x", { mode: 0o644 });
    try {
      const { code, stdout } = await plinth(["doctor"], { PLINTH_DATA: folder });
      expect(code).toBe(1);
      expect(stdout).toContain(`fail  others may read ${folder}/secrets/OPEN\n      → chmod 600 ${folder}/secrets/OPEN\n`);
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 60_000);
});
