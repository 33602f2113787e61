import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { localFolders } from "../local/local-place.ts";
import type { Project } from "../project.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Bits by which others than the owner may read or write. */
const OTHERS = 0o077;
/** Clocks of file systems and processes differ by less. */
const TOLERANCE_MS = 60_000;

/** Keys and secrets are for their owner alone. */
export function checkPermissions({ dataFolder }: Project): Finding {
  if (!existsSync(dataFolder)) return ok(`${dataFolder} is not there yet; the first start makes it`);
  const open = secretFiles(dataFolder).filter((file) => (statSync(file).mode & OTHERS) !== 0);
  if (process.platform !== "win32" && open.length > 0) return fail(`others may read ${open.join(", ")}`, `chmod 600 ${open.join(" ")}`);
  return ok(`${dataFolder} keeps its keys and secrets to its owner`);
}

/** A clock that went back makes tokens invalid that were just signed. */
export function checkClock({ dataFolder }: Project): Finding {
  const ahead = existsSync(dataFolder)
    ? secretFiles(dataFolder).find((file) => statSync(file).mtimeMs > Date.now() + TOLERANCE_MS)
    : undefined;
  return ahead === undefined
    ? ok(`the clock says ${new Date().toISOString()}`)
    : warn(`the clock says ${new Date().toISOString()}, but ${ahead} is from the future`, "set the clock, by NTP for instance");
}

function secretFiles(dataFolder: string): string[] {
  const { identity, secrets, postgres } = localFolders(dataFolder);
  const below = (folder: string): string[] =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true, encoding: "utf8" })
          .map((name) => join(folder, name))
          .filter((file) => statSync(file).isFile())
      : [];
  const keys = below(identity).filter((file) => file.endsWith("private.pem"));
  return [...keys, ...below(secrets), `${postgres}.json`].filter((file) => existsSync(file));
}
