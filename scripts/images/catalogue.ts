import { join } from "node:path";

/** An image made here from Debian packages, npm packages and Go programs, under the name that manifests know it by. */
export interface Recipe {
  /** The whole reference, registry and tag included. */
  readonly name: string;
  /** Folder with the Containerfile; all its files are part of the build context. */
  readonly folder: string;
  /** What else the context needs: the path on this machine, by name; made when it is asked for. */
  readonly files: Readonly<Record<string, () => Promise<string>>>;
  /** Recipes that must be there first, by name. */
  readonly on: readonly string[];
}

const DEBIAN = "docker.io/library/debian:bookworm-slim";

/** Where the files come from; given, so that the table stays a table. */
export interface Sources {
  component(component: string, variable: string): () => Promise<string>;
  debianRoot(): Promise<string>;
  pause(): Promise<string>;
  node(): Promise<string>;
  npm(): Promise<string>;
  postgres(): Promise<string>;
}

export function recipes(sources: Sources): Recipe[] {
  const recipe = (name: string, folder: string, files: Recipe["files"], on: readonly string[] = []): Recipe => ({
    name,
    folder: join(import.meta.dirname, folder),
    files,
    on,
  });
  return [
    recipe(DEBIAN, "debian", { "rootfs.tar": sources.debianRoot }),
    recipe("docker.io/library/node:24-bookworm-slim", "node", { node: sources.node, npm: sources.npm }, [DEBIAN]),
    recipe("docker.io/library/postgres:18-bookworm", "postgres", { server: sources.postgres }, [DEBIAN]),
    // Debian 12 has Redis 7.0; the commands that are used here are the same.
    recipe("docker.io/library/redis:8-bookworm", "redis", {}, [DEBIAN]),
    recipe("docker.io/coredns/coredns:1.13.1", "coredns", { coredns: sources.component("coredns", "PLINTH_COREDNS") }, [DEBIAN]),
    recipe("docker.io/hashicorp/http-echo:1.0.0", "http-echo", { "http-echo": sources.component("http-echo", "PLINTH_HTTP_ECHO") }),
    recipe("registry.k8s.io/pause:3.10", "pause", { pause: sources.pause }),
  ];
}
