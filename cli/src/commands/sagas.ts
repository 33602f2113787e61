import { ALL_TENANTS } from "@plinth/kernel/database";
import { findSagasWithTimeline, listSagas as listSagasIn, type SagaEntry, type SagaOverview, type SagaStatus } from "@plinth/kernel/sagas";
import { inModuleDatabases } from "../local/module-databases.ts";
import { print, printJson, printList } from "../output/print-list.ts";
import { type Style, styled } from "../output/style.ts";
import { table } from "../output/table.ts";

export interface ListSagasOptions {
  readonly status?: SagaStatus;
  readonly count?: number;
  readonly json?: boolean;
}

const MOST = 50;

/** Sagas of all modules or of one, newest first. */
export async function listSagas(module: string | undefined, { status, count = MOST, json }: ListSagasOptions): Promise<void> {
  const filter = { limit: count, ...(status !== undefined && { status }) };
  const found = await inModuleDatabases(module, async (opened) =>
    (await opened.database.read((tx) => listSagasIn(tx, filter), { tenantId: ALL_TENANTS })).map((saga) => ({
      module: opened.module,
      ...saga,
    })),
  );
  const newest = found.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime()).slice(0, count);
  printList(
    newest,
    [
      { title: "MODULE", value: (saga) => saga.module },
      { title: "SAGA", value: ({ name }) => name },
      { title: "KEY", value: ({ key }) => key },
      { title: "STATUS", value: (saga) => saga.status },
      { title: "STEP", value: ({ step }) => step },
      { title: "BEGUN", value: ({ createdAt }) => createdAt.toISOString() },
      { title: "FAILURE", value: ({ failure }) => failure && `${failure.step}: ${failure.reason}` },
    ],
    { json: json === true, empty: "There are no sagas." },
  );
}

/** One saga with each try of each step, by its key (an order's id, for instance) or its own id. */
export async function showSaga(keyOrId: string, { json }: { readonly json?: boolean }): Promise<void> {
  const found = await inModuleDatabases(undefined, async (opened) =>
    (await opened.database.read((tx) => findSagasWithTimeline(tx, keyOrId), { tenantId: ALL_TENANTS })).map((saga) => ({
      module: opened.module,
      ...saga,
    })),
  );
  if (found.length === 0) throw new Error(`There is no saga with the key or id ${keyOrId}. See them: plinth saga list`);
  if (json) return printJson(found);
  print(found.map((saga) => `${head(saga)}\n${timeline(saga.entries)}`).join("\n\n"));
}

const COLOURS: Readonly<Record<SagaStatus, Style>> = { running: "bold", "turning-back": "red", done: "green", "turned-back": "red" };

function head({ module, name, key, status, step, failure, tenantId }: SagaOverview & { module: string }): string {
  const where = step === undefined ? "" : `, at ${step}`;
  const why = failure === undefined ? "" : `\n${failure.step} failed with ${failure.reason}: ${failure.message}`;
  return `${module}/${name} ${key} (tenant ${tenantId}): ${styled(COLOURS[status], status)}${where}${why}`;
}

function timeline(entries: readonly SagaEntry[]): string {
  const rows = entries.map(({ startedAt, step, direction, attempt, outcome, durationMs, error }) => [
    startedAt.toISOString(),
    direction === "undo" ? `undo ${step}` : step,
    String(attempt),
    outcome,
    `${durationMs} ms`,
    error ?? "",
  ]);
  return table(["AT", "STEP", "TRY", "OUTCOME", "TOOK", "ERROR"], rows);
}
