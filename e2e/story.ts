import { spawn } from "node:child_process";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "@jest/globals";
import { ROOT } from "./local-platform.ts";

/** What npm thinks of the machine's own settings is no part of the story. */
export const STORY_ENVIRONMENT = { ...process.env, npm_config_loglevel: "error" };

const MARK = "@@@@";

/** Makes `folder` what a clone is to the story: it calls `npx plinth`, and `.plinth/` is the given data. */
export async function furnishStoryFolder(folder: string, dataFolder: string): Promise<void> {
  await symlink(dataFolder, join(folder, ".plinth"));
  for (const name of ["services", "node_modules", "package.json"]) await symlink(join(ROOT, name), join(folder, name));
}

/** Runs the README's story exactly as it stands, in one shell, as a reader does in one terminal; answers by block what each line wrote. */
export async function runStory(folder: string): Promise<string[][]> {
  const blocks = await storyBlocks();
  // A marker after each command tells the answers apart.
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
    env: STORY_ENVIRONMENT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, complaints] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
  expect(complaints).toBe("");
  return output.split(`${MARK}block\n`).map((block) => block.split(`${MARK}line\n`).map((line) => line.trim()));
}

/** The code blocks between the story's marks. */
async function storyBlocks(): Promise<string[]> {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const story = readme.slice(readme.indexOf("<!-- story:begin"), readme.indexOf("<!-- story:end"));
  return [...story.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block ?? "");
}

const parsed = (line: string | undefined) => JSON.parse(line ?? "");

/** Holds the answers against what the README tells. */
export function expectStory([, registered, verified, signedIn, refreshed, written, published, audited]: string[][]): void {
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
}
