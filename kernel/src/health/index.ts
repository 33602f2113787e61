export { createHealth } from "./create-health.ts";
export type { CheckReport, Health, HealthCheck, HealthReport, HealthStatus } from "./health.ts";
export { diskCheck, eventLoopCheck, memoryCheck } from "./process-checks.ts";
