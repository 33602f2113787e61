export type { AuditEntry } from "../events/audit-entry.ts";
export type { BroadcastHandler, EventHandler, EventsHandler } from "../events/event-handlers.ts";
export { defineService, type ServiceDefinition, type ServiceSetup } from "./define-service.ts";
export { type MigrateModuleOptions, migrateModule, migrationSources } from "./kernel-migrations.ts";
export type { Place } from "./place.ts";
export type { HttpServer, Service } from "./service.ts";
export { type RunningService, startService } from "./start-service.ts";
