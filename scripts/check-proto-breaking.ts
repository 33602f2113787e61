import { spawnSync } from "node:child_process";

/**
 * Compares the protos with those of the last release, and fails when a client of that release could not talk to this
 * tree. Between releases everything may change: only tags `v*` count.
 */
const release = git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*");
if (release === undefined) {
  process.stdout.write("No release to compare the protos with.\n");
} else {
  // Of a linked work tree this is the repository that it belongs to.
  const repository = git("rev-parse", "--path-format=absolute", "--git-common-dir");
  const { status, error } = spawnSync("buf", ["breaking", "--against", `${repository}#tag=${release}`], { stdio: "inherit" });
  if (error !== undefined) process.stderr.write(`buf did not run: ${error.message}\n`);
  if (status === 0) process.stdout.write(`The protos are compatible with ${release}.\n`);
  else process.stderr.write(`The protos break clients of ${release}: add fields and methods, or begin a new version of the package.\n`);
  process.exitCode = status === 0 ? 0 : 1;
}

/** The answer of git on one line; undefined where it has none, as in a source archive. */
function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return status === 0 ? stdout.trim() : undefined;
}
