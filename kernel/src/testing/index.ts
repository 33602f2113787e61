export { eventually } from "./eventually.ts";
export { type HarnessOptions, type ServiceHarness, startHarness, type TestCaller } from "./service-harness.ts";
export { createTestDatabase, openTestDatabase, type TestDatabase } from "./test-postgres.ts";
