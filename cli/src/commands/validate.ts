import { formatProblem, type Problem, parseModuleFiles, type ResolveOptions, resolve, rpcMethodsOf } from "@plinth/module";
import { IMAGE_FILE, readDescriptors } from "../local/descriptors.ts";
import { moduleFilesAt, projectModuleFiles } from "../local/module-files.ts";
import { print, printJson } from "../output/print-list.ts";
import { styled } from "../output/style.ts";
import { findProject, findProjectOrNone } from "../project.ts";
import { UsageError } from "../usage-error.ts";

export interface ValidateOptions {
  readonly json?: boolean;
  readonly cluster?: boolean;
  readonly running?: string[];
  readonly notRunning?: string[];
  readonly secrets?: string[];
  readonly descriptors?: string;
}

/** Tells every problem of module files at once. Exits with 1 where there is one; warnings are only told. */
export function validate(paths: readonly string[], options: ValidateOptions): void {
  const files = paths.length === 0 ? projectModuleFiles(findProject()) : moduleFilesAt(paths);
  const parsed = parseModuleFiles(files);
  const { rejected, waiting, warnings, order } = resolve(parsed.modules, { ...parsed, ...surroundings(options) });
  const problems = [...rejected, ...waiting].flatMap((group) => group.problems);
  if (problems.length > 0) process.exitCode = 1;
  if (options.json) {
    printJson({ problems, warnings, valid: order.map(({ metadata }) => metadata.name) });
    return;
  }
  for (const problem of problems) print(`${shown(problem, "red")}\n`);
  for (const warning of warnings) print(`${shown(warning, "yellow")}\n`);
  print(summary(files.length, order.length, problems.length, warnings.length));
}

/** What is known beside the files. */
function surroundings({ cluster, running = [], notRunning = [], secrets, descriptors }: ValidateOptions): ResolveOptions {
  const image = descriptors ?? `${findProjectOrNone()?.root ?? "."}/${IMAGE_FILE}`;
  const read = readDescriptors(image);
  if (descriptors !== undefined && read === undefined)
    throw new UsageError(`There is no ${descriptors}. --descriptors names a file of buf build.`);
  return {
    local: cluster !== true,
    running: new Map(running.map(versionOf)),
    isReady: (module) => !notRunning.includes(module),
    rpcMethods: rpcMethodsOf(read?.file ?? []),
    ...(secrets !== undefined && { hasSecret: (_, { from }) => secrets.includes(`${from.secret}/${from.key}`) }),
  };
}

function versionOf(text: string): [string, string] {
  const [module, version, ...rest] = text.split("=");
  if (!module || !version || rest.length > 0)
    throw new UsageError(`--running takes module=version, not ${text}: --running blog=1.2.0,order=2.0.0`);
  return [module, version];
}

function shown(problem: Problem, style: "red" | "yellow"): string {
  const [head = "", ...lines] = formatProblem(problem).split("\n");
  return [styled(style, style === "yellow" ? `warning: ${head}` : head), ...lines].join("\n");
}

function summary(files: number, right: number, problems: number, warnings: number): string {
  const warned = warnings === 0 ? "" : `, ${count(warnings, "warning")}`;
  if (problems === 0) return styled("green", `${count(right, "module")} in ${count(files, "file")}: all right${warned}.`);
  return styled("red", `${count(problems, "problem")}${warned} in ${count(files, "file")}; ${count(right, "module")} right.`);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
