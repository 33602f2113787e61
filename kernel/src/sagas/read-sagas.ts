import type { Transaction } from "../database/database.ts";
import type { Saga, SagaEntry, SagaStatus } from "./saga.ts";
import { findSagas, listEntries } from "./saga-store.ts";

/** A saga as an operator sees it, of whatever kind and tenant. */
export interface SagaOverview extends Saga<object> {
  readonly tenantId: string;
  /** Failed tries of the step at hand. */
  readonly attempt: number;
}

export interface SagaFilter {
  readonly status?: SagaStatus;
  /** Newest first; so many at most. */
  readonly limit: number;
}

/** The sagas of a module's schema. With ALL_TENANTS those of every tenant. */
export async function listSagas(tx: Transaction, { status, limit }: SagaFilter): Promise<SagaOverview[]> {
  return findSagas(tx, "$1::text is null or status = $1", [status ?? null], limit);
}

/** Those of this key (of several kinds or tenants there may be more than one) or id, each with its timeline. */
export async function findSagasWithTimeline(tx: Transaction, keyOrId: string): Promise<(SagaOverview & { entries: SagaEntry[] })[]> {
  const found: (SagaOverview & { entries: SagaEntry[] })[] = [];
  for (const saga of await findSagas(tx, "key = $1 or id = $1", [keyOrId], 100))
    found.push({ ...saga, entries: await listEntries(tx, saga.id) });
  return found;
}
