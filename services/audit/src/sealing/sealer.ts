import type { Logger } from "@plinth/kernel/logging";
import type { SealStore } from "../domain/seal-store.ts";
import { type Publish, type SealingParts, sealEntries } from "../domain/sealing.ts";

export interface SealerOptions extends SealingParts {
  readonly store: SealStore;
  readonly publish: Publish;
  /** Read anew before each round. */
  readonly everyMs: () => number;
  readonly batchSize: () => number;
  readonly logger: Logger;
}

/** Puts what has arrived into the tenants' trees, round by round. Any number may run: a tenant is sealed by one at a time. */
export class Sealer {
  readonly #options: SealerOptions;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;
  #failure: unknown;

  constructor(options: SealerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#round = this.sealAll().finally(() => {
        if (!this.#stopped) this.start();
      });
    }, this.#options.everyMs());
  }

  /** Resolves after the batch in hand. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  /** Throws why the last round left something unsealed. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** One round over all tenants that wait. One tenant's failure does not hold up the others; the next round tries again. */
  async sealAll(): Promise<void> {
    let failure: unknown;
    try {
      for (const tenantId of await this.#options.store.waitingTenants()) {
        try {
          await this.#sealTenant(tenantId);
        } catch (error) {
          failure = error;
          this.#options.logger.error("The record of a tenant could not be sealed", { tenant: tenantId, error });
        }
      }
    } catch (error) {
      failure = error;
      this.#options.logger.warn("The record could not be sealed; it is tried again", { error });
    }
    this.#failure = failure;
  }

  async #sealTenant(tenantId: string): Promise<void> {
    const { store, publish, batchSize } = this.#options;
    for (let full = true; full && !this.#stopped; ) {
      const limit = batchSize();
      const turn = await store.sealBatch(tenantId, limit, (last, entries) => sealEntries(last, entries, this.#options));
      if (turn === "busy") return;
      if (turn.checkpoint !== undefined) await publish(turn.checkpoint);
      full = turn.taken === limit;
    }
  }
}
