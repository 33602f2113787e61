import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isAlive } from "../base/process-mark.ts";
import type { PostgresBinaries } from "./binaries.ts";
import type { ServerUser } from "./server-user.ts";

/** Kept beside the data folder as `<name>.json`, readable by its owner alone. */
export interface ServerRecord {
  readonly password: string;
  /** The port of the last start, taken again when it is free, so that a noted URL stays right. */
  readonly port?: number;
}

const ADMIN_ROLE = "postgres";
const DATABASE = "plinth";

export function adminUrlOf(password: string, port: number): string {
  return `postgres://${ADMIN_ROLE}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

export function readServerRecord(dataFolder: string): ServerRecord | undefined {
  const file = recordFile(dataFolder);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ServerRecord) : undefined;
}

export function writeServerRecord(dataFolder: string, record: ServerRecord): void {
  // Written whole under another name first: a crash half-way must not lose the password.
  const unfinished = `${recordFile(dataFolder)}.new`;
  writeFileSync(unfinished, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(unfinished, recordFile(dataFolder));
}

/**
 * Makes the data folder with one database and an administrator, unless it is there. Everything happens in a folder
 * beside it that is renamed at the end, so an interrupted first start leaves nothing half made.
 */
export async function initializeDataFolder(dataFolder: string, binaries: PostgresBinaries, user: ServerUser): Promise<ServerRecord> {
  const parent = dirname(dataFolder);
  mkdirSync(parent, { recursive: true });
  const unfinishedPrefix = `${basename(dataFolder)}.new-`;
  for (const name of readdirSync(parent)) {
    if (name.startsWith(unfinishedPrefix) && !isAlive(Number(name.slice(unfinishedPrefix.length))))
      rmSync(join(parent, name), { recursive: true });
  }
  const unfinished = join(parent, `${unfinishedPrefix}${process.pid}`);
  const passwordFile = `${unfinished}.password`;
  const password = randomBytes(24).toString("base64url");
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  try {
    if (user.owner) {
      chownSync(unfinished, user.owner.uid, user.owner.gid);
      chownSync(passwordFile, user.owner.uid, user.owner.gid);
    }
    await runProgram(user, binaries.initdb, [
      ...["-D", unfinished, "-U", ADMIN_ROLE, `--pwfile=${passwordFile}`, "--auth=scram-sha-256", "-E", "UTF8"],
      // The same order of strings on every machine, whatever locales it has.
      ...["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"],
      ...["-c", "scram_iterations=16"],
    ]);
    const single = ["--single", "-D", unfinished, "-c", "fsync=off", "-c", "log_min_messages=fatal", "postgres"];
    await runProgram(user, binaries.postgres, single, `create database ${DATABASE};\n`);
    writeServerRecord(dataFolder, { password });
    renameSync(unfinished, dataFolder);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(unfinished, { recursive: true, force: true });
  }
  return { password };
}

/** Refuses a folder of another major version: Postgres cannot read it, and its own message names no way out. */
export function checkVersion(dataFolder: string, serverVersion: string): void {
  const folderMajor = readFileSync(join(dataFolder, "PG_VERSION"), "utf8").trim();
  const serverMajor = /(\d+)(\.|devel|beta|rc)/.exec(serverVersion)?.[1] ?? serverVersion;
  if (folderMajor !== serverMajor) {
    throw new Error(
      `The data folder ${dataFolder} was made by Postgres ${folderMajor}, but the built-in server is Postgres ${serverMajor}. ` +
        `Dump it with the version that made it (pg_dumpall) and load it into a new folder, or move the folder away to start empty.`,
    );
  }
}

/** After a change of how we run (as root or not), the files may belong to the wrong user; the server insists. */
export function ensureOwner(dataFolder: string, user: ServerUser): void {
  const folder = lstatSync(dataFolder);
  if (user.owner === undefined) {
    const self = process.getuid?.();
    if (self !== undefined && folder.uid !== self) {
      throw new Error(
        `The data folder ${dataFolder} belongs to user ${folder.uid}, we run as ${self}. Start as that user, or "chown -R ${self}" the folder.`,
      );
    }
    return;
  }
  if (folder.uid === user.owner.uid) return;
  for (const name of readdirSync(dataFolder, { recursive: true, encoding: "utf8" }))
    chownSync(join(dataFolder, name), user.owner.uid, user.owner.gid);
  // The folder itself last: it is what tells that the rest is done.
  chownSync(dataFolder, user.owner.uid, user.owner.gid);
}

function recordFile(dataFolder: string): string {
  return `${dataFolder}.json`;
}

function runProgram(user: ServerUser, program: string, programArgs: string[], input = ""): Promise<void> {
  const { file, args } = user.command(program, programArgs);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ["pipe", "ignore", "pipe"], env: serverEnvironment() });
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) return resolve();
      const full = /No space left on device/.test(output) ? "The disk is full: make room and start again.\n" : "";
      reject(new Error(`${full}Making the Postgres data folder failed (${basename(program)}, exit ${code}):\n${output.trim()}`));
    });
    child.stdin.on("error", () => {}); // A program that fails early closes its input; its exit says why.
    child.stdin.end(input);
  });
}

/** The server gets no more of our environment than it needs: it may hold secrets. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, LC_ALL: "C", TZ: "UTC" };
}
