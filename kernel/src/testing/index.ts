export { type CountedDatabase, openCountedDatabase } from "./counted-database.ts";
export { eventually } from "./eventually.ts";
export { freePort } from "./free-port.ts";
export { type KilledProcesses, startKilledProcesses } from "./killed-processes.ts";
export { seededRandom } from "./seeded-random.ts";
export { type HarnessOptions, type ServiceHarness, startHarness, type TestCaller } from "./service-harness.ts";
export type { ServiceProcess } from "./start-service-process.ts";
export { createTestDatabase, openTestDatabase, type TestDatabase } from "./test-postgres.ts";
