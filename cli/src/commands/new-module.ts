import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { formatProblem, parseModuleFiles, resolve } from "@plinth/module";
import { generateCode } from "../local/generate-code.ts";
import { projectModuleFiles } from "../local/module-files.ts";
import { print } from "../output/print-list.ts";
import { styled } from "../output/style.ts";
import { findSources, type Project } from "../project.ts";
import { freePorts } from "../scaffold/free-ports.ts";
import { type ModuleName, parseModuleName } from "../scaffold/module-name.ts";
import { type ScaffoldFile, serviceFiles } from "../scaffold/service-files.ts";

/** Writes a new service that starts, answers, and passes its own test. Touches no file that is there. */
export async function newModule(text: string): Promise<void> {
  const wanted = parseModuleName(text);
  const project = findSources();
  const files = filesOf(wanted, project);
  for (const { path } of files) {
    if (existsSync(join(project.root, path)))
      throw new Error(`${path} is there already, and nothing is overwritten. Choose another name, or move it away.`);
  }
  checkFits(project, files);
  for (const { path, text } of files) {
    mkdirSync(dirname(join(project.root, path)), { recursive: true });
    writeFileSync(join(project.root, path), text, { flag: "wx" });
  }
  await Promise.all([generateCode(project), addToLock(project)]);
  print(
    [
      ...files.map(({ path }) => `  ${path}`),
      "",
      `${styled("bold", `Module ${wanted.name} is ready.`)} Next:`,
      "  npx plinth up --watch                 run it with the others",
      `  curl http://localhost:8080/api/v1/${wanted.name}/greetings/Ada`,
      `  npm run test:jest -- services/${wanted.name}`,
    ].join("\n"),
  );
}

function filesOf({ name, pascal, snake }: ModuleName, project: Project): ScaffoldFile[] {
  const { root, servicesFolder } = project;
  const modules = existsSync(servicesFolder) ? parseModuleFiles(projectModuleFiles(project)) : { modules: [], drafts: [] };
  return serviceFiles({
    name,
    Name: pascal,
    package: snake,
    ...freePorts([...modules.modules, ...modules.drafts]),
    kernelVersion: versionOf(root, "kernel"),
    protoVersion: versionOf(root, "proto"),
  });
}

function versionOf(root: string, workspace: string): string {
  return (JSON.parse(readFileSync(join(root, workspace, "package.json"), "utf8")) as { version: string }).version;
}

/** Refuses what the new module alone would be refused for: a name that is taken, a path that another one routes. */
function checkFits(project: Project, files: readonly ScaffoldFile[]): void {
  const { path = "", text = "" } = files.find((file) => file.path.endsWith("module.yaml")) ?? {};
  const others = existsSync(project.servicesFolder) ? projectModuleFiles(project) : [];
  const parsed = parseModuleFiles([...others, { file: path, text }]);
  const { rejected } = resolve(parsed.modules, { ...parsed, local: true });
  const own = rejected.flatMap(({ problems }) => problems).filter(({ file }) => file === path);
  if (own.length > 0) throw new Error(`The module would not fit in:\n${own.map(formatProblem).join("\n")}`);
}

/** `npm ci` refuses a workspace that the lock does not know. All its packages are installed, so this needs no network. */
async function addToLock({ root }: Project): Promise<void> {
  if (!existsSync(join(root, "package-lock.json"))) return;
  const args = ["install", "--package-lock-only", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  try {
    await promisify(execFile)("npm", args, { cwd: root });
  } catch {
    process.stderr.write("package-lock.json does not know the new workspace yet. Run: npm install\n");
  }
}
