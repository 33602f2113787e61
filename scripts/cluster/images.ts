import { archiveOf } from "../images/buildah.ts";
import { runInside } from "./sandbox.ts";
import type { Cluster } from "./settings.ts";
import { type State, writeState } from "./state.ts";

/** Copies images from buildah's store to the node, unless it has them as they are. Returns the names of those that were copied. */
export function loadImages(cluster: Cluster, state: State, names: readonly string[]): string[] {
  return names.map(wholeName).filter((name) => {
    const { id, file } = archiveOf(name);
    if (state.images[name] === id) return false;
    // Through standard input: inside, the path may be covered.
    runInside(state, ["ctr", "--namespace", "k8s.io", "images", "import", "-"], { inputFile: file, timeoutMs: 300_000 });
    state.images[name] = id;
    writeState(cluster, state);
    return true;
  });
}

/** As container runtimes complete a short name: `redis:8` is docker.io/library/redis:8, and without a tag it is `latest`. */
export function wholeName(name: string): string {
  const [first = "", ...rest] = name.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = hasRegistry ? name : rest.length > 0 ? `docker.io/${name}` : `docker.io/library/${name}`;
  return /[:@]/.test(path.slice(path.lastIndexOf("/"))) ? path : `${path}:latest`;
}
