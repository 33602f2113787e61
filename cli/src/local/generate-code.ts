import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { parseModuleFiles, permissionConstants } from "@plinth/module";
import type { Project } from "../project.ts";
import { IMAGE_FILE } from "./descriptors.ts";
import { projectModuleFiles } from "./module-files.ts";

/** Services import it as `@plinth/proto/permissions`. */
export const PERMISSIONS_FILE = "proto/gen/permissions.ts";

export interface GeneratedCode {
  /** How many module files the permissions come from. */
  readonly modules: number;
  /** Module files that could not be read; their permissions are missing. */
  readonly broken: number;
}

/** Makes a project's generated code: messages and clients of its protos, their descriptors, and the permission constants. */
export async function generateCode(project: Project): Promise<GeneratedCode> {
  // buf empties the folder first, so the permissions come last.
  await buf(project, ["generate"]);
  await buf(project, ["build", "--as-file-descriptor-set", "-o", IMAGE_FILE]);
  // A module that does not fit the others keeps its constants: its own code must still compile.
  const { modules, drafts } = parseModuleFiles(projectModuleFiles(project));
  const file = join(project.root, PERMISSIONS_FILE);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, permissionConstants(modules));
  return { modules: modules.length, broken: drafts.length };
}

async function buf(project: Project, args: readonly string[]): Promise<void> {
  // buf finds the plug-in, which is a script, by the path as well; the plug-in must run on this Node.
  const path = [dirname(process.execPath), join(project.root, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter);
  try {
    await promisify(execFile)("buf", args, { cwd: project.root, env: { ...process.env, PATH: path } });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new Error(`buf is not installed in ${project.root}. Run: npm ci`, { cause: error });
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`buf ${args[0]} failed. Mend the protos, then run it again:\n${(stdout + stderr).trim()}`);
  }
}
