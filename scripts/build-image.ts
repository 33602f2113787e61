/**
 * Builds the images of the platform and of its operator with docker, podman or buildah, whichever is there:
 *
 *     node scripts/build-image.ts [--target services|operator|development] [--tag <name>] [--builder docker|podman|buildah] [--no-load]
 *
 * Without a target it builds both, as plinth/services and plinth/operator with the version of package.json. Where the base image cannot be
 * pulled (buildah without a network to a registry) it is made here. When the local cluster is up, it gets the images. Where the environment has
 * PUSH_IMAGE=true, as skaffold sets it, an image goes to the registry of its name instead.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { wholeName } from "./cluster/images.ts";
import { type Builder, buildImage, findBuilder } from "./images/builders.ts";
import { loadIntoCluster } from "./images/load-into-cluster.ts";
import { pushImage } from "./images/push-image.ts";

const ROOT = join(import.meta.dirname, "..");
const TARGETS = ["services", "operator", "development"];

try {
  const { values } = parseArgs({
    options: {
      target: { type: "string" },
      tag: { type: "string" },
      builder: { type: "string" },
      "no-load": { type: "boolean" },
    },
  });
  if (values.target !== undefined && !TARGETS.includes(values.target)) throw new Error(`--target is one of ${TARGETS.join(", ")}.`);
  if (values.tag !== undefined && values.target === undefined) throw new Error("--tag needs --target: two images cannot have one name.");
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  const builder = findBuilder(values.builder as Builder["name"] | undefined);
  for (const target of values.target === undefined ? ["services", "operator"] : [values.target]) {
    const tag = wholeName(values.tag ?? `plinth/${target}:${version}`);
    await buildImage(builder, { root: ROOT, target, tag, version });
    if (process.env.PUSH_IMAGE === "true") pushImage(builder, tag);
    else if (!values["no-load"]) await loadIntoCluster(builder, tag);
    process.stdout.write(`${tag}\n`);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
