import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { type LocalPlatform, startLocalPlatform } from "./local-platform.ts";
import { expectStory, furnishStoryFolder, runStory, STORY_ENVIRONMENT } from "./story.ts";

let platform: LocalPlatform;
let folder: string;

beforeAll(async () => {
  platform = await startLocalPlatform({ ports: "declared" });
  folder = await mkdtemp(join(tmpdir(), "plinth-story-"));
  await furnishStoryFolder(folder, platform.dataFolder);
}, 90_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
  await rm(folder, { recursive: true, force: true });
});

test("the README's story goes as it is told", async () => {
  expectStory(await runStory(folder));
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
    const verify = spawn("npx", ["plinth", "audit", "verify"], { cwd: folder, env: STORY_ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"] });
    const [output] = await Promise.all([text(verify.stdout), text(verify.stderr)]);
    expect(output).toContain(rows[0].id);
    expect(output).not.toMatch(/intact/);
  } finally {
    await client.end();
  }
}, 30_000);
