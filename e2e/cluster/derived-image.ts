import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./kubectl.ts";

/** The image of the platform as scripts/build-image.ts names it. */
export const PLATFORM_IMAGE = "docker.io/plinth/services:0.1.0";

/** An image that is the platform's with one file more (its path within /app), on the cluster's node. */
export async function loadDerivedImage(tag: string, path: string, content: string): Promise<string> {
  const context = await mkdtemp(join(tmpdir(), "plinth-image-"));
  const name = `docker.io/plinth/services:${tag}`;
  try {
    await writeFile(join(context, "added"), content);
    await writeFile(join(context, "Containerfile"), `FROM ${PLATFORM_IMAGE}\nCOPY added /app/${path}\n`);
    const args = [
      "build",
      "--isolation",
      "chroot",
      "--pull-never",
      "--format",
      "docker",
      "--tag",
      name,
      "--file",
      join(context, "Containerfile"),
      context,
    ];
    const built = await run("buildah", args);
    if (built.code !== 0) throw new Error(`buildah could not build ${name}:\n${built.stderr}`);
    const loaded = await run("npm", ["run", "-s", "cluster", "--", "load", name]);
    if (loaded.code !== 0) throw new Error(`${name} could not be loaded:\n${loaded.stderr}`);
    return name;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
