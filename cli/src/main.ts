import { readFileSync } from "node:fs";
import { Command } from "commander";
import { describeFailure } from "./output/describe-failure.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

const program = new Command("plinth").description("Describe a service as a Module. Plinth runs it.").version(version).showHelpAfterError();

// Each command is loaded when it is called: the help must not wait for the platform's code.
program
  .command("up")
  .description("run the modules of this project, with Postgres, on this machine")
  .option("--only <modules>", "only these modules, by comma, and what they need", (text: string) => text.split(","))
  .option("--processes", "each module in a process of its own")
  .option("--watch", "restart a module when its files change; implies --processes")
  .action(async (options) => (await import("./commands/up.ts")).up(options));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = 1;
}
