import { cp } from "node:fs/promises";
import { basename, join } from "node:path";
import { LOCK_FILE } from "../identity/folder-lock.ts";
import { ensureModuleKeys } from "../identity/module-keys.ts";
import { TEST_RUN_FOLDER } from "./test-run.ts";

/** A key pair for each of these in `folder`. To make one takes as long as to start a service: a run makes it once, and harnesses get copies. */
export async function writeHarnessKeys(folder: string, names: readonly string[]): Promise<void> {
  const run = process.env[TEST_RUN_FOLDER];
  const keys = run === undefined ? folder : join(run, "keys");
  await Promise.all(names.map((name) => ensureModuleKeys(keys, name)));
  if (run === undefined) return;
  // Other workers look for their keys at the same time, and lock the folder for a moment.
  const filter = (path: string): boolean => basename(path) !== LOCK_FILE;
  await Promise.all(names.map((name) => cp(join(keys, name), join(folder, name), { recursive: true, filter })));
}
