import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { parseModuleFiles, permissionConstants } from "@plinth/module";
import { IMAGE_FILE } from "../local/descriptors.ts";
import { PERMISSIONS_FILE } from "../local/generate-code.ts";
import { projectModuleFiles } from "../local/module-files.ts";
import type { Project } from "../project.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Packages are there, and their install scripts ran: without them buf is only a hint where to find it. */
export async function checkPackages({ root }: Project): Promise<Finding> {
  const bin = join(root, "node_modules", ".bin");
  if (!existsSync(bin)) return fail(`no packages in ${root}/node_modules`, "npm ci");
  try {
    const path = [dirname(process.execPath), bin, process.env.PATH ?? ""].join(delimiter);
    const { stdout } = await promisify(execFile)("buf", ["--version"], { cwd: root, env: { ...process.env, PATH: path } });
    return ok(`packages are installed, and their install scripts ran (buf ${stdout.trim()})`);
  } catch {
    return warn("buf does not run: install scripts were skipped", "npm rebuild; only plinth generate and plinth new need it");
  }
}

/** The generated code is younger than the protos, and has the permissions of the module files. */
export function checkGenerated(project: Project): Finding {
  const { root } = project;
  const image = join(root, IMAGE_FILE);
  if (!existsSync(image)) return fail("proto/gen was never generated", "plinth generate");
  const made = statSync(image).mtimeMs;
  const protos = join(root, "proto");
  const newer = readdirSync(protos, { recursive: true, encoding: "utf8" }).find(
    (name) => name.endsWith(".proto") && !name.startsWith("gen") && statSync(join(protos, name)).mtimeMs > made,
  );
  if (newer !== undefined) return fail(`proto/${newer} is younger than proto/gen`, "plinth generate");
  const constants = join(root, PERMISSIONS_FILE);
  const wanted = permissionConstants(parseModuleFiles(projectModuleFiles(project)).modules);
  if (!existsSync(constants) || readFileSync(constants, "utf8") !== wanted)
    return fail("the permission constants are not those of the module files", "plinth generate");
  return ok("proto/gen is up to date");
}
