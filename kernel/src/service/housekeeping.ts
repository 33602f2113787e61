import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { Logger } from "../logging/logger.ts";
import type { ModuleStorage } from "./module-storage.ts";

const HOUR_MS = 60 * 60_000;

/** Removes what has expired in the kernel's own tables, hourly. Replicas may do it side by side: who comes second finds nothing. */
export function keepHouse(storage: ModuleStorage, logger: Logger, lifecycle: Lifecycle): void {
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = sweep(storage).catch((error: unknown) => logger.warn("Expired rows could not be removed; the next round will", { error }));
  }, HOUR_MS);
  timer.unref();
  lifecycle.onStop("housekeeping", async () => {
    clearInterval(timer);
    await running;
  });
}

async function sweep({ idempotency, state }: ModuleStorage): Promise<void> {
  await idempotency.sweep();
  await state.deleteExpired();
}
