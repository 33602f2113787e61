import type { Report } from "../finding.ts";
import type { Module } from "../schema/module.ts";

const FOREIGN_SCHEMAS = ["public", "information_schema", "plinth_bus"];

/** Ports, probes, schema and replicas make sense together. */
export function checkWorkload(module: Module, report: Report): void {
  const { ports, health, replicas, autoscaling, strategy } = module.spec;
  const invalid = (path: readonly string[], value: unknown, message: string, mend: string): void =>
    report({ reason: "SchemaInvalid", path: ["spec", ...path], value, message, mend });

  if (ports?.http !== undefined && ports.http === ports.grpc) {
    invalid(["ports", "grpc"], ports.grpc, "http and grpc need two different ports", "choose another port for one of them");
  }
  if (health?.path !== undefined && ports?.http === undefined) {
    invalid(["health", "path"], health.path, "health.path is asked for on ports.http, which is missing", "add ports.http");
  }
  const schema = databaseSchema(module);
  if (schema !== undefined && (schema.startsWith("pg_") || FOREIGN_SCHEMAS.includes(schema))) {
    invalid(["database", "schema"], schema, "this schema is not a module's own", `name it ${module.metadata.name.replaceAll("-", "_")}`);
  }
  if (isNone(strategy?.maxSurge) && isNone(strategy?.maxUnavailable)) {
    const message = "a roll-out that may neither add nor take away a replica cannot begin";
    invalid(["strategy", "maxSurge"], strategy?.maxSurge, message, "allow one of both, for instance maxSurge: 1");
  }
  if (replicas !== undefined && autoscaling !== undefined) {
    invalid(["autoscaling"], autoscaling, "replicas and autoscaling are both set", "keep one of them");
  }
  if (autoscaling !== undefined && autoscaling.min > autoscaling.max) {
    invalid(["autoscaling", "min"], autoscaling.min, `min is greater than max (${autoscaling.max})`, `choose at most ${autoscaling.max}`);
  }
}

function isNone(amount: number | string | undefined): boolean {
  return amount === 0 || amount === "0%";
}

/** The module's schema in the database: the one it names, else its name with underscores; undefined if it has no database. */
export function databaseSchema(module: Module): string | undefined {
  const { database } = module.spec;
  return database === undefined ? undefined : (database.schema ?? module.metadata.name.replaceAll("-", "_"));
}

/** The roles that the module has on Postgres: the one that serves and the one that owns the schema; none where it has neither database nor events. */
export function databaseRoles({ metadata, spec }: Module): string[] {
  if (spec.database === undefined && spec.events === undefined) return [];
  const service = metadata.name.replaceAll("-", "_");
  return [service, `${service}_owner`];
}
