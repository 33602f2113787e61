import { collectDefaultMetrics, Registry } from "prom-client";

let registry: Registry | undefined;

/** CPU, memory, garbage collection, event-loop lag: of the process, so collected once however many modules run in it. */
export function processMetrics(): Registry {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
