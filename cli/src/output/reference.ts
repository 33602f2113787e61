import type { Argument, Command, Option } from "commander";

const HEAD = `# The plinth command

<!-- Generated from the command's own help by scripts/generate-cli-reference.ts: do not edit. -->

Run it inside a project, the folder with \`services/\`, or below it: \`npx plinth <command>\`.

Exit codes: 0 all is well, 1 a problem was found or something failed, 2 wrong usage. Lists are tables, or JSON with \`--json\`.
Colours are off when output is piped or \`NO_COLOR\` is set.

| environment | what it does |
| --- | --- |
| \`PLINTH_TOKEN\` | a user's access token, for \`call\` and \`keys rotate --access-tokens\` |
| \`PLINTH_DATA\` | the data folder, instead of \`.plinth\` in the project |
| \`PLINTH_DEBUG=1\` | shows the stack of a failure |
| \`NO_COLOR=1\` | no colours |
`;

/** The reference of all commands as Markdown. */
export function commandReference(program: Command): string {
  return [HEAD, ...program.commands.flatMap((command) => sections(command, "plinth"))].join("\n");
}

function sections(command: Command, parent: string): string[] {
  const path = `${parent} ${command.name()}`;
  if (command.commands.length > 0) return command.commands.flatMap((child) => sections(child, path));
  const given = [...command.registeredArguments.map(argumentRow), ...command.options.filter(({ hidden }) => !hidden).map(optionRow)];
  const rows = given.length === 0 ? [] : ["| takes | |", "| --- | --- |", ...given, ""];
  return [`## ${path}`, "", `${sentence(command.description())}`, "", "```", `${path} ${command.usage()}`.trim(), "```", "", ...rows];
}

function argumentRow(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return row(argument.required ? `<${name}>` : `[${name}]`, argument.description, argument.argChoices, undefined);
}

function optionRow(option: Option): string {
  return row(option.flags, option.description, option.argChoices, option.defaultValue);
}

function row(what: string, description: string, choices: readonly string[] | undefined, standard: unknown): string {
  const more = [choices === undefined ? "" : `: ${choices.join(", ")}`, standard === undefined ? "" : ` (${standard} unless given)`];
  return `| \`${what}\` | ${`${description}${more.join("")}`.replaceAll("|", "\\|").replaceAll("<", "&lt;")} |`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
