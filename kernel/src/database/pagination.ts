import type { ObjectLiteral, SelectQueryBuilder } from "typeorm";
import { validation } from "../base/errors.ts";
import type { Page, PageRequest } from "../base/page.ts";
import type { Transaction } from "./database.ts";
import { quoteIdentifier } from "./module-roles.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";

/** A column (of SQL) or property (of an entity) that orders a list. Never null. */
export interface PageOrder {
  readonly by: string;
  readonly direction: "asc" | "desc";
}

export interface SqlPage {
  /** The rows of the list, without order and limit. */
  readonly sql: string;
  readonly parameters?: readonly unknown[];
  /** The last one is unique, so that no row is skipped or shown twice. An index in this order serves the list. */
  readonly order: readonly PageOrder[];
  readonly page: PageRequest;
}

export const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 500;

/**
 * One page of a list written in SQL. Pages begin after the last row seen, not at a number of rows, so inserts and
 * deletes while somebody leafs neither repeat nor hide a row, and the last page costs no more than the first.
 */
export async function listPage<Row extends Record<string, unknown>>(tx: Transaction, list: SqlPage): Promise<Page<Row>> {
  const { sql, parameters = [], order } = list;
  const size = pageSize(list.page);
  const question = JSON.stringify([sql, parameters.map(String), order]);
  const after = list.page.token === "" ? undefined : decodePageToken(question, list.page.token);
  const columns = order.map(({ by }) => `page.${quoteIdentifier(by)}`);
  const condition = after === undefined ? "" : `where ${afterCondition(order, columns, (index) => `$${parameters.length + index + 1}`)}`;
  const rows = await tx.query<Row & Record<string, string>>(
    // Keys travel as Postgres writes them: a JavaScript date would lose the microseconds, a number the last digits.
    `select page.*, ${columns.map((column, index) => `${column}::text as "${keyName(index)}"`).join(", ")} from (${sql}) page
     ${condition} order by ${order.map(({ direction }, index) => `${columns[index]} ${direction}`).join(", ")} limit ${size + 1}`,
    [...parameters, ...(after ?? [])],
  );
  const last = rows.length > size ? rows[size - 1] : undefined;
  const nextPageToken = tokenAfter(last, question, order);
  const items = rows.slice(0, size);
  for (const item of items) for (const index of order.keys()) delete (item as Record<string, unknown>)[keyName(index)];
  return { items, nextPageToken };
}

/** The same for a TypeORM query of one entity, without order and limit; answers entities. `by` names properties. */
export async function listEntityPage<Entity extends ObjectLiteral>(
  builder: SelectQueryBuilder<Entity>,
  order: readonly PageOrder[],
  page: PageRequest,
): Promise<Page<Entity>> {
  const size = pageSize(page);
  const [sql, parameters] = builder.getQueryAndParameters();
  const question = JSON.stringify([sql, parameters.map(String), order]);
  const after = page.token === "" ? undefined : decodePageToken(question, page.token);
  const columns = order.map(({ by }) => `${builder.alias}.${by}`);
  const query = builder.clone().limit(size + 1);
  // An OR in the caller's filter must not swallow the condition added here.
  const filter = query.expressionMap.wheres;
  if (filter.length > 0) query.expressionMap.wheres = [{ type: "simple", condition: { operator: "brackets", condition: filter } }];
  if (after !== undefined) {
    const values = Object.fromEntries(after.map((value, index) => [keyName(index), value]));
    query.andWhere(`(${afterCondition(order, columns, (index) => `:${keyName(index)}`)})`, values);
  }
  for (const [index, { direction }] of order.entries()) {
    const column = columns[index] ?? "";
    query.addOrderBy(column, direction === "asc" ? "ASC" : "DESC").addSelect(`cast(${column} as text)`, keyName(index));
  }
  const { entities, raw } = await query.getRawAndEntities<Record<string, string>>();
  const last = entities.length > size ? raw[size - 1] : undefined;
  const nextPageToken = tokenAfter(last, question, order);
  return { items: entities.slice(0, size), nextPageToken };
}

/** Empty after the last page, where there is no last row to go on from. */
function tokenAfter(last: Readonly<Record<string, unknown>> | undefined, question: string, order: readonly PageOrder[]): string {
  if (last === undefined) return "";
  return encodePageToken(
    question,
    order.map((_, index) => String(last[keyName(index)])),
  );
}

function pageSize({ size }: PageRequest): number {
  if (!Number.isInteger(size) || size < 0) throw validation({ page_size: `must be a whole number from 1 to ${MAX_PAGE_SIZE}` });
  // More than the most is answered with the most: that is how a client asks for "as many as I may have".
  return size === 0 ? DEFAULT_PAGE_SIZE : Math.min(size, MAX_PAGE_SIZE);
}

/** `(a, b) < ($1, $2)` where all columns run one way, for which an index serves; else spelled out column by column. */
function afterCondition(order: readonly PageOrder[], columns: readonly string[], value: (index: number) => string): string {
  const sign = (index: number): string => (order[index]?.direction === "asc" ? ">" : "<");
  if (order.every(({ direction }) => direction === order[0]?.direction)) {
    return `(${columns.join(", ")}) ${sign(0)} (${columns.map((_, index) => value(index)).join(", ")})`;
  }
  return columns
    .map((column, index) => {
      const equal = columns.slice(0, index).map((before, position) => `${before} = ${value(position)}`);
      return `(${[...equal, `${column} ${sign(index)} ${value(index)}`].join(" and ")})`;
    })
    .join(" or ");
}

function keyName(index: number): string {
  return `page_key_${index}`;
}
