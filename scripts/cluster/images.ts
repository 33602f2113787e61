import { rmSync } from "node:fs";
import { join } from "node:path";
import { findImageId } from "../images/buildah.ts";
import { exportImage } from "../images/export-image.ts";
import { runInside } from "./sandbox.ts";
import type { Cluster } from "./settings.ts";
import { type State, writeState } from "./state.ts";

const CTR = ["ctr", "--namespace", "k8s.io"];

/** Copies images from buildah's store to the node, unless it has them as they are. Returns the names of those that were copied. */
export function loadImages(cluster: Cluster, state: State, names: readonly string[]): string[] {
  return names.map(wholeName).filter((name) => {
    const id = findImageId(name);
    if (id === undefined) throw new Error(`There is no image ${name}. Build it first.`);
    if (state.images[name] === id) return false;
    copyToNode(cluster, state, name);
    state.images[name] = id;
    writeState(cluster, state);
    return true;
  });
}

/** Only the layers that the node lacks. */
function copyToNode(cluster: Cluster, state: State, name: string): void {
  const there = new Set(runInside(state, [...CTR, "content", "ls", "--quiet"]).split("\n"));
  const archive = join(cluster.folder, `image-${process.pid}.tar`);
  try {
    exportImage(name, archive, there);
    // Through standard input: inside, the path may be covered.
    runInside(state, [...CTR, "images", "import", "-"], { inputFile: archive, timeoutMs: 300_000 });
  } finally {
    rmSync(archive, { force: true });
  }
}

/** As container runtimes complete a short name: `redis:8` is docker.io/library/redis:8, and without a tag it is `latest`. */
export function wholeName(name: string): string {
  const [first = "", ...rest] = name.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = hasRegistry ? name : rest.length > 0 ? `docker.io/${name}` : `docker.io/library/${name}`;
  return /[:@]/.test(path.slice(path.lastIndexOf("/"))) ? path : `${path}:latest`;
}
