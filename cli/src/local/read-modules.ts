import { dirname, join, resolve as resolvePath } from "node:path";
import { type Module, parseModuleFiles, type Resolution, resolve, rpcMethodsOf } from "@plinth/module";
import type { Project } from "../project.ts";
import { IMAGE_FILE, readDescriptors } from "./descriptors.ts";
import { projectModuleFiles } from "./module-files.ts";

export interface ReadModules {
  /** Those that can start, dependencies first. */
  readonly modules: readonly Module[];
  /** Also those that are refused or wait. */
  readonly all: readonly Module[];
  readonly resolution: Resolution;
  folderOf(module: Module): string;
}

/** The project's modules as their files are now. */
export function readModules(project: Project): ReadModules {
  const parsed = parseModuleFiles(projectModuleFiles(project));
  const descriptors = readDescriptors(join(project.root, IMAGE_FILE));
  const resolution = resolve(parsed.modules, { ...parsed, local: true, rpcMethods: rpcMethodsOf(descriptors?.file ?? []) });
  const folderOf = (module: Module): string => resolvePath(dirname(parsed.locate(module, [])?.file ?? ""));
  return { modules: resolution.order, all: parsed.modules, resolution, folderOf };
}
