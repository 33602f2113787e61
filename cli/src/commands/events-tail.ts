import { createPostgresBus, type Envelope, tail } from "@plinth/kernel/events";
import { silentLogger } from "@plinth/kernel/logging";
import { didYouMean, parseDuration, topics } from "@plinth/module";
import { readModules } from "../local/read-modules.ts";
import { runningPostgres } from "../local/with-postgres.ts";
import { print } from "../output/print-list.ts";
import { styled } from "../output/style.ts";
import { findProject } from "../project.ts";

export interface TailEventsOptions {
  /** `1h`. */
  readonly since?: string;
  readonly count?: number;
  readonly json?: boolean;
}

/** Shows events as they pass, without being one of those that handle them. Ends with Ctrl-C, or after `count`. */
export async function tailEvents(wanted: readonly string[], { since, count, json }: TailEventsOptions): Promise<void> {
  const project = findProject();
  const known = topics(readModules(project).all);
  const names = known.map(({ topic }) => topic);
  for (const topic of wanted) {
    if (!names.includes(topic)) throw new Error(`There is no topic ${topic}. ${hint(topic, names)}`);
  }
  const ended = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.abort());
  const bus = await createPostgresBus({
    url: await runningPostgres(project),
    name: "cli",
    topics: known,
    sharesDatabase: true,
    logger: silentLogger,
  });
  try {
    const ageMs = since === undefined ? 0 : parseDuration(since);
    let shown = 0;
    for await (const envelope of tail(bus, { topics: wanted.length === 0 ? names : wanted, ageMs, signal: ended.signal })) {
      print(json ? JSON.stringify(envelope) : lineOf(envelope));
      shown++;
      if (shown === count) break;
    }
  } finally {
    await bus.close();
  }
}

function hint(topic: string, names: readonly string[]): string {
  const near = didYouMean(topic, names);
  return near === undefined ? `There are: ${names.join(", ")}` : `Did you mean ${near}?`;
}

function lineOf({ timestamp, type, key, tenantId, eventId, data }: Envelope): string {
  const tenant = tenantId === "default" ? "" : ` tenant=${tenantId}`;
  return `${styled("dim", timestamp)} ${styled("cyan", type)} ${key}${tenant} ${styled("dim", eventId)} ${JSON.stringify(data)}`;
}
