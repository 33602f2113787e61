import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadImages } from "../cluster/images.ts";
import { isAlive } from "../cluster/processes.ts";
import { run } from "../cluster/run.ts";
import { clusterFrom } from "../cluster/settings.ts";
import { readState } from "../cluster/state.ts";
import type { Builder } from "./builders.ts";

/** Gives an image to the local cluster when that is up; otherwise does nothing. */
export async function loadIntoCluster(builder: Builder, tag: string): Promise<void> {
  const folder = process.env.PLINTH_CLUSTER_FOLDER;
  const number = Number(process.env.PLINTH_CLUSTER_NUMBER ?? 0);
  const cluster = clusterFrom({ number, ...(folder === undefined ? {} : { folder }) });
  const state = readState(cluster);
  if (!isAlive(state.sandbox?.init)) return;
  if (builder.name === "docker") copyToBuildah(tag);
  loadImages(cluster, state, [tag]);
  process.stderr.write(`Loaded ${tag} into the cluster.\n`);
}

/** Images of docker lie in its own store; podman shares buildah's. */
export function copyToBuildah(tag: string): void {
  const file = join(tmpdir(), `plinth-image-${process.pid}.tar`);
  try {
    run("docker", ["save", "--output", file, tag]);
    run("buildah", ["pull", "--quiet", `docker-archive:${file}`]);
  } finally {
    rmSync(file, { force: true });
  }
}
