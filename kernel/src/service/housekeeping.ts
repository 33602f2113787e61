import { LONGEST_TIMER_MS } from "../base/clock.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { Logger } from "../logging/logger.ts";
import type { ModuleStorage } from "./module-storage.ts";

/** How often, and how long what has ended is kept, ms; asked anew each time. */
export interface HousekeepingSettings {
  readonly everyMs: number;
  readonly keepSagasMs: number;
}

/**
 * Removes what has expired in the kernel's own tables, in batches. A batch takes only what no other replica is removing at the moment, so nothing is done
 * twice however many keep house. It is no cron job: for that, every module would have to run a job worker.
 */
export function keepHouse(storage: ModuleStorage, settings: () => HousekeepingSettings, logger: Logger, lifecycle: Lifecycle): void {
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const later = (ms: number): void => {
    timer = setTimeout(
      () => {
        running = sweep(storage, settings())
          .catch((error: unknown) => logger.warn("Expired rows could not be removed; the next round will", { error }))
          .finally(() => {
            if (timer !== undefined) later(settings().everyMs);
          });
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
    timer.unref();
  };
  // Modules and replicas that start together do not come together; who is restarted often has its turn as well.
  later(Math.random() * settings().everyMs);
  lifecycle.onStop("housekeeping", async () => {
    clearTimeout(timer);
    timer = undefined;
    await running;
  });
}

async function sweep({ idempotency, state, sagas }: ModuleStorage, { keepSagasMs }: HousekeepingSettings): Promise<void> {
  await idempotency.sweep();
  await state.deleteExpired();
  await sagas.removeFinished(keepSagasMs);
}
