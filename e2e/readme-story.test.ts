import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { type LocalPlatform, ROOT, startLocalPlatform } from "./local-platform.ts";

/** The story runs exactly as the README shows it; a marker after each command tells the answers apart. */
let platform: LocalPlatform;
let folder: string;

beforeAll(async () => {
  platform = await startLocalPlatform({ ports: "declared" });
  // The story names `.plinth/` and calls `npx plinth`: a folder where both are what they are in a clone.
  folder = await mkdtemp(join(tmpdir(), "plinth-story-"));
  await symlink(platform.dataFolder, join(folder, ".plinth"));
  for (const name of ["services", "node_modules", "package.json"]) await symlink(join(ROOT, name), join(folder, name));
}, 90_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
  await rm(folder, { recursive: true, force: true });
});

/** The code blocks between the story's marks. */
async function storyBlocks(): Promise<string[]> {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const story = readme.slice(readme.indexOf("<!-- story:begin"), readme.indexOf("<!-- story:end"));
  return [...story.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block ?? "");
}

/** What npm thinks of the machine's own settings is no part of the story. */
const ENVIRONMENT = { ...process.env, npm_config_loglevel: "error" };

const MARK = "@@@@";

/** Runs all blocks in one shell, as a reader does in one terminal; answers what each line wrote. */
async function runStory(): Promise<string[][]> {
  const blocks = await storyBlocks();
  const script = blocks
    .map((block) =>
      block
        .trimEnd()
        .split("\n")
        .map((line) => `${line}\necho "${MARK}line"`)
        .join("\n"),
    )
    .join(`\necho "${MARK}block"\n`);
  const shell = spawn("bash", ["-c", `set -u\n${script}\necho "${MARK}block"`], {
    cwd: folder,
    env: ENVIRONMENT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, complaints] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
  expect(complaints).toBe("");
  return output.split(`${MARK}block\n`).map((block) => block.split(`${MARK}line\n`).map((line) => line.trim()));
}

const parsed = (line: string | undefined) => JSON.parse(line ?? "");

test("the README's story goes as it is told", async () => {
  const [, registered, verified, signedIn, refreshed, written, published, audited] = await runStory();

  expect(registered?.[3]).toMatch(/^Ada is user_\w{26}, Bob is user_\w{26}$/);
  const [, adaId, bobId] = /Ada is (\S+), Bob is (\S+)/.exec(registered?.[3] ?? "") ?? [];

  expect(parsed(verified?.[1])).toMatchObject({ success: true, data: { user_id: adaId } });

  const sessions = parsed(signedIn?.[4]);
  expect(sessions.data.sessions).toHaveLength(1);

  const theft = parsed(refreshed?.[1]);
  expect(theft).toMatchObject({ success: false, error: { code: "UNAUTHORIZED" } });
  const after = parsed(refreshed?.[2]);
  expect(after).toMatchObject({ success: false, error: { code: "UNAUTHORIZED" } });

  expect(parsed(written?.[0])).toMatchObject({ data: { title: "Notes on the Engine", status: "POST_STATUS_DRAFT", author_id: adaId } });
  expect(parsed(written?.[1])).toMatchObject({
    success: false,
    error: { code: "FORBIDDEN", details: { metadata: { permission: "blog.post.create" } } },
  });
  expect(parsed(written?.[2])).toMatchObject({ success: true });

  expect(parsed(published?.[0])).toMatchObject({ success: false, error: { code: "NOT_FOUND" } });
  expect(parsed(published?.[1])).toMatchObject({ data: { status: "POST_STATUS_PUBLISHED", author_id: bobId } });
  expect(parsed(published?.[2])).toMatchObject({ data: { title: "Can we fix it?" } });

  expect(audited?.[0]).toMatch(/intact/);
  const actions = parsed(audited?.[1]).data.entries.map((entry: { action: string }) => entry.action);
  expect(actions.toReversed()).toEqual(["user.created", "user.login", "post.created", "post.published"]);
}, 60_000);

test("an audit entry that is edited behind the platform's back is found and named", async () => {
  const client = new pg.Client({ connectionString: await platform.adminUrl() });
  await client.connect();
  try {
    await client.query("set session_replication_role = replica");
    const { rows } = await client.query(
      "update audit.entries set action = 'post.created.not' where action = 'post.published' returning id",
    );
    expect(rows).toHaveLength(1);
    const verify = spawn("npx", ["plinth", "audit", "verify"], { cwd: folder, env: ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"] });
    const [output] = await Promise.all([text(verify.stdout), text(verify.stderr)]);
    expect(output).toContain(rows[0].id);
    expect(output).not.toMatch(/intact/);
  } finally {
    await client.end();
  }
}, 30_000);
