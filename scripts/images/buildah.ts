import { join } from "node:path";
import { run } from "../cluster/run.ts";

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

function inspect(name: string, format: string): string | undefined {
  try {
    return run("buildah", ["inspect", "--type", "image", "--format", format, name]).trim() || undefined;
  } catch {
    return undefined;
  }
}
