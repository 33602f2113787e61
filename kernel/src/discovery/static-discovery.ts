import type { Discovery, Instance } from "./discovery.ts";
import { createInstanceTable } from "./instance-table.ts";

/** Instances of one process, or a table that somebody wrote down: nothing leaves the process. */
export function createStaticDiscovery(initial: Readonly<Record<string, readonly Instance[]>> = {}): Discovery {
  const table = createInstanceTable();
  for (const [module, instances] of Object.entries(initial)) table.set(module, instances);
  return {
    async register(module, instance) {
      table.set(module, [...table.get(module).filter(({ id }) => id !== instance.id), instance]);
    },
    async deregister(module, instanceId) {
      table.set(
        module,
        table.get(module).filter(({ id }) => id !== instanceId),
      );
    },
    instances: table.get,
    watch: table.watch,
    async close() {
      table.clearListeners();
    },
  };
}
