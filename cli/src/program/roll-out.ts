import { type Command, InvalidArgumentError } from "commander";

const NAMESPACE = ["-n, --namespace <namespace>", "the platform's namespace; the kubeconfig's unless given"] as const;
const CONTEXT = ["--context <context>", "the cluster; the kubeconfig's current one unless given"] as const;

/** Commands about what becomes of modules in a cluster. */
export function addRollOutCommands(program: Command): void {
  program
    .command("plan")
    .description("show what the operator would do if these modules were applied, object by object; nothing is written")
    .requiredOption("-f, --filename <paths...>", "files, or folders that hold module files")
    .option(...NAMESPACE)
    .option(...CONTEXT)
    .option("--offline", "without a cluster: what would be made where nothing is yet")
    .option("--settings <file>", "the operator's settings as YAML; those that the chart gave it unless given, offline the defaults")
    .option("--detailed-exitcode", "exit with 2 where something would change")
    .option("--json", "as JSON, without the values of Secrets")
    .action(async (options) => (await import("../cluster/plan.ts")).plan(options));

  program
    .command("history")
    .description("list the specs of a module that its operator accepted: version, when, which of them serves")
    .argument("<module>", "its name")
    .option(...NAMESPACE)
    .option(...CONTEXT)
    .option("--json", "as JSON, with the whole specs")
    .action(async (module, options) => (await import("../cluster/history.ts")).history(module, options));

  program
    .command("rollback")
    .description("give a module in a cluster the spec that it had before; its replicas stay as they are declared")
    .argument("<module>", "its name")
    .option("--to-revision <number>", "as plinth history lists them; what serves, or the one before, unless given", aRevision)
    .option(...NAMESPACE)
    .option(...CONTEXT)
    .option("--dry-run", "ask the API server, and write nothing")
    .action(async (module, options) => (await import("../cluster/rollback.ts")).rollback(module, options));
}

function aRevision(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError("It must be the number of a revision.");
  return Number(text);
}
