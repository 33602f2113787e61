import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run, succeeds } from "../cluster/run.ts";
import { buildOfflineImages } from "./build-images.ts";

export interface Builder {
  readonly name: "docker" | "podman" | "buildah";
}

export interface Build {
  /** Folder of the Dockerfile, which is also the context. */
  readonly root: string;
  readonly target: string;
  readonly tag: string;
  readonly version: string;
}

const BASE_IMAGE = "docker.io/library/node:24-bookworm-slim";

/** The first that works here. A docker command without its service does not. */
export function findBuilder(wanted?: Builder["name"]): Builder {
  const candidates: Builder["name"][] = wanted === undefined ? ["docker", "podman", "buildah"] : [wanted];
  const name = candidates.find((candidate) => succeeds(candidate, candidate === "buildah" ? ["--version"] : ["info"]));
  if (name === undefined)
    throw new Error(`No ${candidates.join(", ")} works here. Install one of them; on Debian: apt-get install buildah`);
  return { name };
}

/** Builds one target of the Dockerfile. What the builder says goes to standard error. */
export async function buildImage(builder: Builder, build: Build): Promise<void> {
  const args = [
    "build",
    "--file",
    join(build.root, "Dockerfile"),
    "--target",
    build.target,
    "--tag",
    build.tag,
    ...labels(build),
    ...secrets(),
  ];
  if (builder.name === "buildah") {
    // Runs where containers cannot: buildah itself needs no runtime then.
    args.push("--isolation", "chroot", "--layers", "--format", "docker");
    if (!succeeds("buildah", ["pull", "--policy", "missing", "--quiet", BASE_IMAGE])) {
      await buildOfflineImages([BASE_IMAGE], (name) => process.stderr.write(`Making ${name} here.\n`));
    }
    args.push("--pull-never");
  }
  const env = { ...process.env, DOCKER_BUILDKIT: "1" };
  const result = spawnSync(builder.name, [...args, build.root], { env, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) throw new Error(`${builder.name} could not build ${build.tag}.`);
}

function labels(build: Build): string[] {
  const values: Record<string, string> = { version: build.version };
  if (succeeds("git", ["-C", build.root, "rev-parse", "HEAD"]))
    values.revision = run("git", ["-C", build.root, "rev-parse", "HEAD"]).trim();
  return Object.entries(values).flatMap(([key, value]) => ["--label", `org.opencontainers.image.${key}=${value}`]);
}

/** How npm reaches its registry from this machine; mounted while it runs, and kept by no layer. */
function secrets(): string[] {
  const files: Record<string, string | undefined> = {
    npmrc: process.env.NPM_CONFIG_USERCONFIG ?? join(homedir(), ".npmrc"),
    certificates: process.env.NODE_EXTRA_CA_CERTS,
  };
  return Object.entries(files).flatMap(([id, file]) =>
    file !== undefined && existsSync(file) ? ["--secret", `id=${id},src=${file}`] : [],
  );
}
