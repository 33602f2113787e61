import type { EntryFilter } from "../domain/record-store.ts";

/** Conditions on `entries` under the alias `e`, and their parameters; the tenant is always the first. */
export function filterSql(tenantId: string, filter: EntryFilter): { where: string; parameters: unknown[] } {
  const parameters: unknown[] = [tenantId];
  const conditions = ["e.tenant_id = $1"];
  const add = (condition: (parameter: string) => string, value: unknown): void => {
    parameters.push(value);
    conditions.push(condition(`$${parameters.length}`));
  };
  if (filter.userId !== "") add((value) => `e.user_id = ${value}`, filter.userId);
  if (filter.resource !== "") add((value) => `e.resource = ${value}`, filter.resource);
  if (filter.resourceId !== "") add((value) => `e.resource_id = ${value}`, filter.resourceId);
  if (filter.outcome !== undefined) add((value) => `e.outcome = ${value}`, filter.outcome);
  if (filter.startTime !== undefined) add((value) => `e.occurred_at >= ${value}::timestamptz`, filter.startTime);
  if (filter.endTime !== undefined) add((value) => `e.occurred_at < ${value}::timestamptz`, filter.endTime);
  if (filter.action.endsWith("*")) add((value) => `e.action ^@ ${value}`, filter.action.slice(0, -1));
  else if (filter.action !== "") add((value) => `e.action = ${value}`, filter.action);
  return { where: conditions.join(" and "), parameters };
}
