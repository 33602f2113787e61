import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "../../components/cache.ts";

/** The name under which the kubelet's documentation has it. */
export const PAUSE_IMAGE = "registry.k8s.io/pause:3.10";

const SOURCE = join(import.meta.dirname, "main.go");

/** Builds the program unless the cache has it, and returns its path. */
export function buildPause(): string {
  const hash = createHash("sha256").update(readFileSync(SOURCE)).digest("hex").slice(0, 12);
  const folder = join(CACHE, "pause", hash);
  const program = join(folder, "pause");
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const partial = `${program}.${process.pid}`;
  const built = spawnSync("go", ["build", "-ldflags", "-s -w", "-o", partial, SOURCE], {
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false" },
    encoding: "utf8",
  });
  if (built.status !== 0) throw new Error(`The pause program could not be built: ${built.error?.message ?? built.stderr}`);
  renameSync(partial, program);
  return program;
}
