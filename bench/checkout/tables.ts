import { milliseconds, ratio, table, whole } from "../measure/report.ts";
import { median } from "../measure/rounds.ts";
import type { Level, Round } from "./round.ts";

/** With what the others are compared. */
const PEER = "Vendure";

/** The outcome in Markdown: a table of the loads, one of the processes. */
export function checkoutTables(samples: ReadonlyMap<string, readonly Round[]>, seconds: number): string {
  const sizes = [
    ...new Set([...samples.values()].flatMap((rounds) => rounds.flatMap(({ levels }) => levels.map(({ sessions }) => sessions)))),
  ];
  const levelsOf = (name: string, sessions: number): Level[] =>
    (samples.get(name) ?? []).flatMap(({ levels }) => levels.filter((level) => level.sessions === sessions));
  const loads = sizes.flatMap((sessions) =>
    [...samples.keys()].map((name) => {
      const levels = levelsOf(name, sessions);
      const of = (pick: (level: Level) => number) => median(levels.map(pick));
      const total = (pick: (level: Level) => number) => levels.reduce((sum, level) => sum + pick(level), 0);
      const perSecond = levels.map(({ ordersPerSecond }) => ordersPerSecond);
      const peer = levelsOf(PEER, sessions).map(({ ordersPerSecond }) => ordersPerSecond);
      return [
        String(sessions),
        name,
        median(perSecond).toFixed(1),
        `${Math.min(...perSecond).toFixed(1)} – ${Math.max(...perSecond).toFixed(1)}`,
        ratio(median(perSecond), peer.length > 0 ? median(peer) : undefined),
        milliseconds(
          of(({ payP50Ms }) => payP50Ms),
          0,
        ),
        milliseconds(
          of(({ payP95Ms }) => payP95Ms),
          0,
        ),
        whole(of(({ statementsPerOrder }) => statementsPerOrder)),
        of(({ serverMsPerOrder }) => serverMsPerOrder).toFixed(1),
        of(({ postgresMsPerOrder }) => postgresMsPerOrder).toFixed(1),
        `${total(({ failures }) => failures.length)} of ${whole(total(({ orders, failures }) => orders + failures.length))}`,
        String(total(({ deadlocks }) => deadlocks)),
        `${total(({ stockOff }) => Math.abs(stockOff))} of ${whole(total(({ units }) => units))}`,
        (of(({ settledMs }) => settledMs) / 1_000).toFixed(1),
      ];
    }),
  );
  const processes = [...samples].map(([name, rounds]) => {
    const of = (pick: (round: Round) => number) => median(rounds.map(pick));
    const most = (pick: (level: Level) => number) => of(({ levels }) => Math.max(...levels.map(pick)));
    return [
      name,
      (of(({ readyMs }) => readyMs) / 1_000).toFixed(2),
      whole(of(({ idle }) => idle.server)),
      whole(of(({ idle }) => idle.withPostgres)),
      whole(most(({ memory }) => memory.server)),
      whole(most(({ memory }) => memory.withPostgres)),
    ];
  });
  const head = [
    "sessions",
    "shop",
    "orders/s",
    "range",
    "of Vendure",
    "pay p50 ms",
    "p95 ms",
    "statements",
    "server CPU ms",
    "Postgres CPU ms",
  ];
  return [
    table([...head, "failed visits", "deadlocks", "stock off by", "settled s"], loads),
    table(["process", "ready s", "idle MB", "with Postgres MB", "under load MB", "with Postgres MB"], processes),
    `Loads of ${seconds} s; statements and CPU are those of one order.${roundsOf(samples)}`,
  ].join("\n\n");
}

/** Said where the shops were not measured equally often, or not as often as the others of the page. */
function roundsOf(samples: ReadonlyMap<string, readonly Round[]>): string {
  return ` Rounds: ${[...samples].map(([name, rounds]) => `${name} ${rounds.length}`).join(", ")}.`;
}
