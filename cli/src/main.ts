import { CommanderError } from "commander";
import { describeFailure } from "./output/describe-failure.ts";
import { styled } from "./output/style.ts";
import { buildProgram } from "./program.ts";
import { UsageError } from "./usage-error.ts";

const FAILED = 1;
const WRONG_USAGE = 2;

// Whoever reads our output may have had enough of it: `plinth routes | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  // Commander has told its own already.
  if (!(error instanceof CommanderError)) process.stderr.write(`${styled("red", describeFailure(error), process.stderr)}\n`);
}

function exitCodeOf(error: unknown): number {
  // Asked for help, or for the version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  return error instanceof UsageError ? WRONG_USAGE : FAILED;
}
