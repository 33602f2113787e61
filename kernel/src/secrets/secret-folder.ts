import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Reads a folder with one file per secret, the file's name being the secret's. That is how Kubernetes mounts a Secret too; its `..data` link
 * and timestamped folders begin with dots and are left out. One line break at a file's end is not part of the value. A folder that is not
 * there holds no secrets. Reading is synchronous: files are few and small, and whoever asks for a secret needs it to go on.
 */
export function readSecretFolder(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of namesIn(folder)) {
    if (name.startsWith(".")) continue;
    try {
      found.set(name, readFileSync(join(folder, name), "utf8").replace(/\r?\n$/, ""));
    } catch (error) {
      // A folder, or a file that went between listing and reading.
      if (!["EISDIR", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}
