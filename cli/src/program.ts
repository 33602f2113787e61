import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addClusterCommands } from "./program/cluster.ts";
import { addDevelopmentCommands } from "./program/development.ts";
import { addInspectionCommands } from "./program/inspection.ts";
import { addOperationCommands } from "./program/operation.ts";
import { addRollOutCommands } from "./program/roll-out.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

/**
 * The whole command. Each action imports its code when it is called: the help must not wait for the platform's code.
 * Failures are thrown, also those of wrong usage; whoever runs it decides on the exit code.
 */
export function buildProgram(): Command {
  const program = new Command("plinth")
    .description("Describe a service as a Module. Plinth runs it.")
    .version(version)
    .showHelpAfterError("Add --help to see what it takes.")
    // Wide enough for every line of help, and the same in a terminal, a pipe and the reference.
    .configureHelp({ helpWidth: 120 })
    .exitOverride();
  addDevelopmentCommands(program);
  addInspectionCommands(program);
  addOperationCommands(program);
  addRollOutCommands(program);
  addClusterCommands(program);
  program.addHelpText(
    "after",
    "\nExit codes: 0 all is well, 1 a problem was found or something failed, 2 wrong usage.\nEnvironment: PLINTH_TOKEN (a user's access token), PLINTH_DATA (instead of .plinth), PLINTH_DEBUG=1 (stacks), NO_COLOR.",
  );
  return program;
}
