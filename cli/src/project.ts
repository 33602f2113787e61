import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** A folder that holds modules under `services/`: this repository, or a team's own. */
export interface Project {
  readonly root: string;
  /** Where new modules go. */
  readonly servicesFolder: string;
  /** Folders that hold modules, a folder each: `services/`, and `simulators/` where there are some. */
  readonly moduleFolders: readonly string[];
  /** Postgres data, keys, secrets, overlays; made at the first start, safe to delete to start anew. */
  readonly dataFolder: string;
}

/** The project around `start`: the nearest folder upwards with a `services/` folder. */
export function findProject(start: string = process.cwd()): Project {
  const project = findProjectOrNone(start);
  if (project === undefined) {
    throw new Error(
      `No services/ folder in ${resolve(start)} or above it. Run plinth inside a project, or make a first module: plinth new module hello`,
    );
  }
  return project;
}

/** As `findProject`, for commands that can do without. */
export function findProjectOrNone(start: string = process.cwd()): Project | undefined {
  const root = nearestWithServices(resolve(start));
  return root === undefined ? undefined : projectAt(root);
}

/** The project around the working folder, for a command that writes into it; `services/` may still be to come, the protos are there. */
export function findSources(start: string = process.cwd()): Project {
  const project = findProjectOrNone(start);
  const root = project?.root ?? resolve(start);
  if (!existsSync(join(root, "buf.gen.yaml")) || !existsSync(join(root, "proto"))) {
    throw new Error(`${root} has no proto/ with a buf.gen.yaml beside it. Run this inside a checkout of Plinth.`);
  }
  return project ?? projectAt(root);
}

function projectAt(root: string): Project {
  const [servicesFolder, simulatorsFolder] = [join(root, "services"), join(root, "simulators")];
  const moduleFolders = existsSync(simulatorsFolder) ? [servicesFolder, simulatorsFolder] : [servicesFolder];
  return { root, servicesFolder, moduleFolders, dataFolder: process.env.PLINTH_DATA ?? join(root, ".plinth") };
}

function nearestWithServices(folder: string): string | undefined {
  if (existsSync(join(folder, "services"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearestWithServices(parent);
}
