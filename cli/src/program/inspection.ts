import { type Command, Option } from "commander";

const JSON_FLAGS = "--json";
const JSON_HELP = "as JSON";

/** Commands that look at modules and change nothing. */
export function addInspectionCommands(program: Command): void {
  program
    .command("modules")
    .description("the modules: phase, version, ports and health where they run, what the files say where they do not")
    .option(JSON_FLAGS, JSON_HELP)
    .action(async (options) => (await import("../commands/modules.ts")).modules(options));

  program
    .command("graph")
    .description("which module needs which")
    .addOption(new Option("--format <format>", "how to show it").choices(["text", "dot", "mermaid", "svg"]).default("text"))
    .action(async (options) => (await import("../commands/graph.ts")).graph(options));

  program
    .command("matrix")
    .description("who may call whom, for what")
    .option(JSON_FLAGS, JSON_HELP)
    .action(async (options) => (await import("../commands/matrix.ts")).matrix(options));

  program
    .command("routes")
    .description("the public API: every route, and what a caller needs for it")
    .option(JSON_FLAGS, JSON_HELP)
    .action(async (options) => (await import("../commands/routes.ts")).routes(options));

  program
    .command("permissions")
    .description("every permission and role that modules declare")
    .option(JSON_FLAGS, JSON_HELP)
    .action(async (options) => (await import("../commands/permissions.ts")).permissions(options));
}
