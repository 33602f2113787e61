import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ROOT } from "../local-platform.ts";
import { run } from "./kubectl.ts";

const SKAFFOLD = process.env.PLINTH_SKAFFOLD ?? "skaffold";

/** A copy of the repository as it is now, uncommitted files included, for somebody to edit: a Git work tree, since images are tagged by its commit. */
export async function copyRepository(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "plinth-skaffold-"));
  await succeed("git", ["clone", "--quiet", "--shared", ROOT, copy]);
  const changed = await succeed("git", ["diff", "HEAD", "--name-only", "--no-renames", "-z"]);
  const added = await succeed("git", ["ls-files", "--others", "--exclude-standard", "-z"]);
  for (const name of `${changed}${added}`.split("\0").filter(Boolean)) {
    await rm(join(copy, name), { force: true });
    await cp(join(ROOT, name), join(copy, name), { force: true }).catch(ignoreRemoved);
  }
  await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/** Programs that skaffold starts by their plain names, under the names that this environment has them by. */
export async function linkPrograms(folder: string): Promise<string> {
  const programs = { kubectl: process.env.PLINTH_KUBECTL, helm: process.env.PLINTH_HELM };
  for (const [name, path] of Object.entries(programs)) if (path !== undefined) await symlink(path, join(folder, name));
  return folder;
}

export interface Skaffold {
  /** Resolves when it has written the text; throws, with the end of what it wrote, when it ends or `patienceMs` pass before. */
  untilWritten(text: string, patienceMs: number): Promise<void>;
  /** As Ctrl-C does. */
  stop(): Promise<void>;
  /** Waits for its end, which must be a good one. */
  untilDone(): Promise<void>;
}

/** Starts skaffold in a copy of the repository. Where it pushes to, SKAFFOLD_DEFAULT_REPO says. */
export function startSkaffold(copy: string, programs: string, args: readonly string[]): Skaffold {
  const child: ChildProcess = spawn(SKAFFOLD, [...args, "--interactive=false", "--update-check=false"], {
    cwd: copy,
    env: { ...process.env, PATH: [programs, dirname(process.execPath), process.env.PATH].join(":") },
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own, as in a terminal: Ctrl-C reaches the programs that it has started as well.
    detached: true,
  });
  let written = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (written += String(chunk)));
  const exit = once(child, "exit") as Promise<[number | null]>;
  const lastLines = () => written.split("\n").slice(-40).join("\n");
  return {
    async untilWritten(text, patienceMs) {
      const giveUpAt = performance.now() + patienceMs;
      while (!written.includes(text)) {
        if (child.exitCode !== null || performance.now() > giveUpAt)
          throw new Error(`skaffold ${args.join(" ")} never wrote "${text}":\n${lastLines()}`);
        await delay(50);
      }
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) signalGroup(child, "SIGINT");
      await exit;
      // It does not wait for them: one that has just begun to forward a port would hold that for ever.
      signalGroup(child, "SIGKILL");
    },
    async untilDone() {
      const [code] = await exit;
      if (code !== 0) throw new Error(`skaffold ${args.join(" ")} ended with ${code}:\n${lastLines()}`);
    },
  };
}

function signalGroup({ pid = 0 }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Nobody is left in it.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Puts one text in the place of another, which must be there. */
export async function edit(file: string, before: string | RegExp, after: string): Promise<void> {
  const text = await readFile(file, "utf8");
  const edited = text.replace(before, after);
  if (edited === text) throw new Error(`${file} has no ${before}`);
  await writeFile(file, edited);
}

async function succeed(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${stderr}`);
  return stdout;
}

/** Of a file that is deleted and not committed yet. */
function ignoreRemoved(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
