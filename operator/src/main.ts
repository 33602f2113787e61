import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ConfigError } from "@plinth/kernel/config";
import { parseDuration } from "@plinth/module";
import { keepHeapSmall } from "./process/keep-heap-small.ts";

/** The operator's process: `run` (what it does by itself), and what the chart's hooks ask it to do once. */
const USAGE = `node operator/src/main.ts [run] [--settings FILE]
node operator/src/main.ts wait [--settings FILE] [--selector LABELS] [--timeout 5m]
node operator/src/main.ts stop [--selector LABELS] [--timeout 5m]
node operator/src/main.ts crd [--timeout 1m]
`;

const FAILED = 1;
const WRONG_USAGE = 2;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const parsed = parse(args);
  if (typeof parsed === "string") {
    process.stderr.write(`${parsed}\n\n${USAGE}`);
    return WRONG_USAGE;
  }
  const { command, settings, selector, timeoutMs } = parsed;
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const selection = { timeoutMs, write, ...(selector !== undefined && { selector }) };
  try {
    // Each loads what it needs, and no more.
    switch (command) {
      case "run":
        keepHeapSmall();
        return await (await import("./commands/run.ts")).run({
          version: ownVersion(),
          ...(settings !== undefined && { settingsFile: settings }),
        });
      case "wait":
        return await (await import("./commands/wait.ts")).waitForModules({
          ...selection,
          ...(settings !== undefined && { operator: { settingsFile: settings, version: ownVersion() } }),
        });
      case "stop":
        return await (await import("./commands/stop.ts")).stopModules(selection);
      case "crd":
        return await (await import("./commands/crd.ts")).applyCrd(timeoutMs);
      default:
        process.stdout.write(USAGE);
        return 0;
    }
  } catch (error) {
    process.stderr.write(
      `${error instanceof ConfigError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return FAILED;
  }
}

interface Parsed {
  readonly command: string;
  readonly settings: string | undefined;
  readonly selector: string | undefined;
  readonly timeoutMs: number;
}

/** What is asked for, or why it cannot be understood. */
function parse(args: readonly string[]): Parsed | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        settings: { type: "string" },
        selector: { type: "string" },
        timeout: { type: "string", default: "5m" },
        help: { type: "boolean", default: false },
      },
    });
    const [command = "run", ...rest] = positionals;
    if (values.help) return { command: "help", settings: undefined, selector: undefined, timeoutMs: 0 };
    if (rest.length > 0 || !["run", "wait", "stop", "crd"].includes(command))
      return `"${positionals.join(" ")}" is no command of the operator`;
    return { command, settings: values.settings, selector: values.selector, timeoutMs: parseDuration(values.timeout) };
  } catch (error) {
    return (error as Error).message;
  }
}

function ownVersion(): string {
  const file = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
