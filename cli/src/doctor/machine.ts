import { statfs } from "node:fs/promises";
import { onPath } from "../local/on-path.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const NODE_MAJOR = 24;
const MEBIBYTE = 1024 * 1024;
/** Postgres alone makes 40 MB of files at the first start. */
const LEAST_SPACE = 300 * MEBIBYTE;
const FAIR_SPACE = 2048 * MEBIBYTE;

export function checkNode(): Finding {
  const { node } = process.versions;
  return Number(node.split(".")[0]) >= NODE_MAJOR
    ? ok(`Node ${node}`)
    : fail(
        `Node ${node} is older than ${NODE_MAJOR}`,
        "npm ci installs a right one beside the project: start by npm run plinth, or npx plinth",
      );
}

export async function checkDisk(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const what = `${Math.round(free / MEBIBYTE)} MiB free on the disk of ${folder}`;
  if (free < LEAST_SPACE) return fail(what, "make room: Postgres stops where it cannot write");
  return free < FAIR_SPACE ? warn(what, "make room soon") : ok(what);
}

/** Postgres refuses to run as root. */
export function checkRoot(): Finding {
  if (process.getuid?.() !== 0) return ok("runs as an ordinary user");
  const found = ["setpriv", "unshare"].find(onPath);
  return found === undefined
    ? fail("runs as root, and neither setpriv nor unshare is there", "install util-linux, or start as an ordinary user")
    : ok(`runs as root; ${found} starts Postgres as another user`);
}
