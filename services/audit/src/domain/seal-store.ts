import type { Entry } from "./entry.ts";
import type { Sealed } from "./sealing.ts";
import type { TrailCheckpoint } from "./trail.ts";

/** How a turn ended: `busy` where another process seals this tenant just now. */
export type SealTurn = "busy" | { readonly taken: number; readonly checkpoint: TrailCheckpoint | undefined };

export interface SealStore {
  /** Tenants with entries that have no place in the tree yet. */
  waitingTenants(): Promise<readonly string[]>;
  /** Takes the oldest waiting entries and stores what `seal` makes of them, all in one transaction that no other sealer of the tenant runs beside. */
  sealBatch(
    tenantId: string,
    limit: number,
    seal: (last: TrailCheckpoint | undefined, entries: readonly Entry[]) => Sealed,
  ): Promise<SealTurn>;
}
