import { describeBusContract } from "../bus-contract.ts";
import { createMemoryBus } from "./memory-bus.ts";

const logger = { error() {}, warn() {}, info() {}, debug() {}, child: () => logger };

describeBusContract("memory", async () => {
  const bus = createMemoryBus({ logger });
  return { open: async () => bus };
});
