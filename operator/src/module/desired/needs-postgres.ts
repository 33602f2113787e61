import type { Module } from "@plinth/module";

/** Whether the module has a role on Postgres: for its own schema, or for the bus. */
export function needsPostgres({ spec }: Module): boolean {
  return spec.database !== undefined || spec.events !== undefined;
}
