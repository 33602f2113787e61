import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { ModuleFile } from "@plinth/module";
import type { Project } from "../project.ts";

const FILE = "module.yaml";
const YAML = /\.ya?ml$/;

/** The module files of a project: `services/<name>/module.yaml` and the like. Named as seen from the working folder. */
export function projectModuleFiles({ moduleFolders }: Pick<Project, "moduleFolders">): ModuleFile[] {
  const filesIn = (folder: string) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && existsSync(join(folder, entry.name, FILE)))
      .map((entry) => readModuleFile(join(folder, entry.name, FILE)));
  return moduleFolders.flatMap(filesIn).sort(byName);
}

/** The module files that `paths` name: files as they are, of folders what lies in them. Throws for a path with none. */
export function moduleFilesAt(paths: readonly string[]): ModuleFile[] {
  const files = paths.flatMap((path) => {
    if (!existsSync(path)) throw new Error(`There is no ${path}. Name files or folders that hold modules.`);
    if (!statSync(path).isDirectory()) return [readModuleFile(path)];
    const found = yamlFiles(path);
    if (found.length === 0) throw new Error(`No module file lies in ${path}. A module's file is <name>/module.yaml.`);
    return found.map(readModuleFile);
  });
  return [...new Map(files.map((file) => [file.file, file])).values()].sort(byName);
}

/** `module.yaml` files where there are any: beside them, other YAML belongs to the services. Else every YAML file. */
function yamlFiles(folder: string): string[] {
  const all = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => YAML.test(name) && !name.split(/[\\/]/).some((part) => part === "node_modules" || part.startsWith(".")))
    .sort();
  const named = all.filter((name) => name === FILE || name.endsWith(`/${FILE}`) || name.endsWith(`\\${FILE}`));
  return (named.length > 0 ? named : all).map((name) => join(folder, name));
}

function readModuleFile(path: string): ModuleFile {
  const fromHere = relative(process.cwd(), path);
  return { file: fromHere === "" || fromHere.startsWith("..") ? path : fromHere, text: readFileSync(path, "utf8") };
}

function byName(left: ModuleFile, right: ModuleFile): number {
  return left.file < right.file ? -1 : 1;
}
