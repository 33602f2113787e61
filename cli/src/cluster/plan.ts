import { formatProblem, type Module, type Problem, parseModuleFiles } from "@plinth/module";
import { DEFAULT_SETTINGS, type Plan, type PlannedObject, planCluster, planOffline } from "@plinth/operator";
import { moduleFilesAt, projectModuleFiles } from "../local/module-files.ts";
import { objectYaml } from "../output/object-yaml.ts";
import { print, printJson } from "../output/print-list.ts";
import { styled } from "../output/style.ts";
import { unifiedDiff } from "../output/unified-diff.ts";
import { findProjectOrNone } from "../project.ts";
import type { ClusterTarget } from "./kubectl.ts";
import { withCluster } from "./open-cluster.ts";
import { findOperatorSettings, settingsOfFile } from "./operator-settings.ts";

export interface PlanOptions extends ClusterTarget {
  readonly filename: string[];
  readonly offline?: boolean;
  readonly settings?: string;
  readonly json?: boolean;
  readonly detailedExitcode?: boolean;
}

const STYLES = { create: "green", update: "yellow", delete: "red" } as const;
const MARKS = { create: "+", update: "~", delete: "-" } as const;
const LINE_STYLES = { "+": "green", "-": "red", "@": "cyan" } as const;

/** Shows what the operator would do if the modules of these files were applied. Nothing is written anywhere. */
export async function plan(options: PlanOptions): Promise<void> {
  const files = moduleFilesAt(options.filename);
  const parsed = parseModuleFiles(files);
  if (parsed.modules.length + parsed.drafts.length + parsed.problems.length === 0) throw new Error("These files hold no modules.");
  const made = options.offline === true ? offline(parsed, options) : await inCluster(parsed, options);
  const count = made.modules.reduce((sum, { objects }) => sum + objects.length, 0);
  if (made.refused.length > 0) process.exitCode = 1;
  else if (count > 0 && options.detailedExitcode === true) process.exitCode = 2;
  if (options.json === true) printJson(withoutSecrets(made));
  else show(made);
}

type Parsed = ReturnType<typeof parseModuleFiles>;

/** The other modules of the project are there to be depended on. */
function offline({ modules, drafts, problems }: Parsed, { namespace = "default", settings }: PlanOptions): Plan {
  const names = new Set([...modules, ...drafts].map(({ metadata }) => metadata.name));
  const project = findProjectOrNone();
  const others = project === undefined ? [] : parseModuleFiles(projectModuleFiles(project)).modules;
  return planOffline([...modules, ...others.filter(({ metadata }) => !names.has(metadata.name))], {
    settings: settings === undefined ? DEFAULT_SETTINGS : settingsOfFile(settings),
    ...{ namespace, names, drafts, problems },
  });
}

function inCluster({ modules, drafts, problems }: Parsed, options: PlanOptions): Promise<Plan> {
  return withCluster(options, async ({ client, namespace }) => {
    const declared: Module[] = modules.map((module) => ({ ...module, metadata: { ...module.metadata, namespace } }));
    const settings = options.settings === undefined ? await findOperatorSettings({ client, namespace }) : settingsOfFile(options.settings);
    if (settings === undefined && options.json !== true)
      print(
        styled("yellow", "The operator's settings cannot be read here: this is the plan of one that has the defaults. See --settings."),
      );
    return planCluster(declared, { client, namespace, drafts, problems, settings: settings ?? DEFAULT_SETTINGS });
  });
}

function show({ refused, waiting, warnings, modules }: Plan): void {
  for (const { module, objects, notes } of modules) {
    print(styled("bold", `Module ${module}`));
    for (const note of notes) print(styled("yellow", `  ${note}`));
    for (const object of objects) showObject(object);
  }
  const told = (problem: Problem, style: "red" | "yellow", before: string): void => {
    const [head = "", ...lines] = formatProblem(problem).split("\n");
    print([styled(style, `${before}${head}`), ...lines, ""].join("\n"));
  };
  for (const problem of refused) told(problem, "red", "");
  for (const problem of waiting) told(problem, "yellow", "waits: ");
  for (const problem of warnings) told(problem, "yellow", "warning: ");
  print(summary(modules.flatMap(({ objects }) => objects)));
}

function showObject({ action, before, after }: PlannedObject): void {
  const object = after ?? before;
  if (object === undefined) return;
  print(styled(STYLES[action], `\n${MARKS[action]} ${object.kind} ${object.metadata.name}`));
  const text = (each: typeof before, other: typeof before): string => (each === undefined ? "" : objectYaml(each, other));
  for (const { kind, text: line } of unifiedDiff(text(before, after), text(after, before))) {
    // Of what is new or gone as a whole it says nothing.
    if (kind === "@" && action !== "update") continue;
    const shown = kind === "@" ? line : `${kind}${line}`;
    print(kind === " " ? shown : styled(LINE_STYLES[kind], shown));
  }
}

function summary(objects: readonly PlannedObject[]): string {
  const count = (action: PlannedObject["action"]): number => objects.filter((object) => object.action === action).length;
  if (objects.length === 0) return styled("green", "Nothing would change.");
  return `\n${count("create")} to create, ${count("update")} to change, ${count("delete")} to delete.`;
}

/** As the plan is, but for what must not be in any log. */
function withoutSecrets(made: Plan): unknown {
  return {
    ...made,
    modules: made.modules.map((module) => ({
      ...module,
      objects: module.objects.map(({ action, before, after }) => {
        const hide = (object: typeof before): unknown => (object?.kind === "Secret" ? { ...object, data: undefined } : object);
        return { action, before: hide(before), after: hide(after) };
      }),
    })),
  };
}
