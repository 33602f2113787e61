import type { Page } from "@plinth/kernel/base";
import type { Entry, NewEntry, Outcome } from "./entry.ts";

/** All given conditions must hold; undefined or empty asks for nothing. */
export interface EntryFilter {
  readonly userId: string;
  /** Exact, or a prefix with a trailing star. */
  readonly action: string;
  readonly resource: string;
  readonly resourceId: string;
  readonly outcome: Outcome | undefined;
  /** RFC 3339; not before, inclusive. */
  readonly startTime: string | undefined;
  /** RFC 3339; before, exclusive. */
  readonly endTime: string | undefined;
}

export interface EntryPageRequest {
  readonly limit: number;
  readonly offset: number;
  readonly token: string;
}

export interface EntryPage extends Page<Entry> {
  /** Counted up to `MAX_TOTAL`, which stands for "that many or more". */
  readonly total: number;
}

export const MAX_TOTAL = 10_000;

/** Entries only ever come; each also waits for its place in the tree. */
export interface RecordStore {
  /** Stores what is not stored yet, by tenant and id, in one transaction. */
  record(entries: readonly NewEntry[]): Promise<void>;
  /** One page, newest first. Throws VALIDATION_ERROR on `page_token`. */
  query(tenantId: string, filter: EntryFilter, page: EntryPageRequest): Promise<EntryPage>;
  /** All that match and happened before now, oldest first, in batches. */
  scan(tenantId: string, filter: EntryFilter): AsyncIterable<readonly Entry[]>;
}
