import type { Command } from "commander";

/** What the words after `plinth` ask for that the program does not have; undefined where it has all of it. */
export function findUnknown(program: Command, words: readonly string[]): string | undefined {
  let command = program;
  let taken = 0;
  for (const word of words) {
    const child = command.commands.find((each) => each.name() === word);
    if (child === undefined) break;
    command = child;
    taken += 1;
  }
  const rest = words.slice(taken);
  if (command.commands.length > 0 && (rest[0] === undefined || !isOption(rest[0]))) return rest[0] ?? `${words.join(" ")} <command>`;
  const known = command.options.flatMap(({ short, long }) => [short, long]);
  return rest
    .filter(isOption)
    .map((word) => word.replace(/=.*$/, ""))
    .find((option) => !["--help", "--version"].includes(option) && !known.includes(option));
}

function isOption(word: string): boolean {
  return /^--?[a-z]/.test(word);
}
