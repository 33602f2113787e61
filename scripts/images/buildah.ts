import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../cluster/run.ts";
import { CACHE } from "../components/cache.ts";

/** What a build was made of; an image that carries the same value is not built again. */
const INPUTS_LABEL = "dev.plinth.inputs";

/** The id of an image in buildah's store. */
export function findImageId(name: string): string | undefined {
  return inspect(name, "{{.FromImageID}}");
}

export function findInputs(name: string): string | undefined {
  return inspect(name, `{{index .OCIv1.Config.Labels "${INPUTS_LABEL}"}}`);
}

/** Builds from a folder. `chroot` isolation needs neither a container runtime nor rights beyond root's. */
export function buildFrom(context: string, name: string, inputs: string): void {
  const options = ["--isolation", "chroot", "--layers", "--pull-never", "--label", `${INPUTS_LABEL}=${inputs}`, "--tag", name];
  run("buildah", ["build", ...options, "--file", join(context, "Containerfile"), context], { timeoutMs: 600_000 });
}

/** The image as one file that containerd imports, kept by image id; older ones of the same name go. */
export function archiveOf(name: string): { id: string; file: string } {
  const id = findImageId(name);
  if (id === undefined) throw new Error(`There is no image ${name}. Build it first.`);
  const folder = join(CACHE, "images", "archives");
  mkdirSync(folder, { recursive: true });
  const prefix = `${name.replaceAll(/[^a-zA-Z0-9.-]/g, "_")}@`;
  const file = join(folder, `${prefix}${id.slice(0, 16)}.tar`);
  if (!existsSync(file)) {
    for (const old of readdirSync(folder)) if (old.startsWith(prefix)) rmSync(join(folder, old), { force: true });
    const partial = `${file}.${process.pid}`;
    try {
      run("buildah", ["push", "--quiet", name, `docker-archive:${partial}:${name}`], { timeoutMs: 600_000 });
      renameSync(partial, file);
    } finally {
      rmSync(partial, { force: true });
    }
  }
  return { id, file };
}

function inspect(name: string, format: string): string | undefined {
  try {
    return run("buildah", ["inspect", "--type", "image", "--format", format, name]).trim() || undefined;
  } catch {
    return undefined;
  }
}
