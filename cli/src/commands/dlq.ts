import { type DeadLetter, discardDeadLetter, listDeadLetters, replayDeadLetter } from "@plinth/kernel/events";
import { inModuleDatabases, type ModuleDatabase } from "../local/module-databases.ts";
import { print, printList } from "../output/print-list.ts";
import { UsageError } from "../usage-error.ts";

/** As many as a list takes on one page. */
const PAGE = 100;

interface Chosen {
  readonly all?: boolean;
}

/** Events whose handler gave up on them, by the module that was to handle them. */
export async function listLetters(module: string | undefined, options: { readonly json?: boolean }): Promise<void> {
  const letters = await inModuleDatabases(module, async (opened) =>
    (await lettersOf(opened)).map(({ envelope, ...letter }) => ({ module: opened.module, eventId: envelope.eventId, ...letter, envelope })),
  );
  printList(
    letters,
    [
      { title: "MODULE", value: (letter) => letter.module },
      { title: "EVENT", value: ({ eventId }) => eventId },
      { title: "TYPE", value: ({ envelope }) => envelope.type },
      { title: "FAILED AT", value: ({ failedAt }) => failedAt.toISOString() },
      { title: "TRIES", value: ({ attempts }) => attempts },
      { title: "REASON", value: ({ reason }) => reason },
      { title: "ERROR", value: ({ error, replayRequested }) => `${error.split("\n")[0]}${replayRequested ? " (replay requested)" : ""}` },
    ],
    { ...options, empty: "There is no dead letter." },
  );
}

/** Has the module handle the events anew; it does so within about a second of running. */
export async function replayLetters(module: string, eventIds: readonly string[], options: Chosen): Promise<void> {
  const count = await eachLetter(module, eventIds, options, replayDeadLetter);
  print(`${count} to be handled anew by ${module}. Those that fail again come back: plinth dlq list ${module}`);
}

/** Gives the events up for good. */
export async function discardLetters(module: string, eventIds: readonly string[], options: Chosen): Promise<void> {
  const count = await eachLetter(module, eventIds, options, discardDeadLetter);
  print(`${count} discarded.`);
}

async function eachLetter(
  module: string,
  eventIds: readonly string[],
  { all }: Chosen,
  change: (database: ModuleDatabase["database"], eventId: string) => Promise<void>,
): Promise<number> {
  if ((eventIds.length === 0) === (all !== true))
    throw new UsageError(`Name events, or take --all of module ${module}. See them: plinth dlq list ${module}`);
  const changed = await inModuleDatabases(module, async (opened) => {
    const ids = all ? (await lettersOf(opened)).map(({ envelope }) => envelope.eventId) : eventIds;
    for (const id of ids) await change(opened.database, id);
    return [...ids];
  });
  return changed.length;
}

async function lettersOf({ database }: ModuleDatabase): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for (let token = ""; ; ) {
    const page = await listDeadLetters(database, { size: PAGE, token });
    letters.push(...page.items);
    if (page.nextPageToken === "") return letters;
    token = page.nextPageToken;
  }
}
