import type { Command } from "commander";
import { print } from "../output/print-list.ts";

/** A place in the command line, as `events tail`, and the words that may stand there. */
interface Choice {
  readonly path: string;
  readonly words: readonly string[];
}

export const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Prints what teaches a shell the commands and options. */
export function completion(program: Command, shell: keyof typeof SHELLS): void {
  print(SHELLS[shell](choicesOf(program, "")));
}

function choicesOf(command: Command, path: string): Choice[] {
  const words = [...command.commands.map((child) => child.name()), ...command.options.map(({ long }) => long ?? ""), "--help"];
  const below = command.commands.flatMap((child) => choicesOf(child, path === "" ? child.name() : `${path} ${child.name()}`));
  return [{ path, words: words.filter((word) => word !== "") }, ...below];
}

/** The longest path of commands that the line begins with decides; other words are arguments. */
function bashScript(choices: readonly Choice[]): string {
  const cases = choices.map(({ path, words }) => `    "${path}") words="${words.join(" ")}" ;;`);
  return `# plinth for bash: source <(plinth completion bash)
_plinth_words() {
  case "$1" in
${cases.join("\n")}
    *) return 1 ;;
  esac
}
_plinth() {
  local words="" path="" word current="\${COMP_WORDS[COMP_CWORD]}"
  _plinth_words ""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    _plinth_words "\${path:+$path }$word" && path="\${path:+$path }$word"
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _plinth plinth`;
}

function zshScript(choices: readonly Choice[]): string {
  return `# plinth for zsh: source <(plinth completion zsh)\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(choices).split("\n").slice(1).join("\n")}`;
}

function fishScript(choices: readonly Choice[]): string {
  const lines = choices.flatMap(({ path, words }) => {
    const seen =
      path === ""
        ? "__fish_use_subcommand"
        : path
            .split(" ")
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join("; and ");
    return words.map((word) => {
      const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c plinth -n '${seen}' ${what}`;
    });
  });
  return ["# plinth for fish: plinth completion fish | source", ...lines].join("\n");
}
