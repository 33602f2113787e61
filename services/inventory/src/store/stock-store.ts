import type { Page, PageRequest } from "@plinth/kernel/base";
import { type Database, listPage, type Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import { mergedLines } from "../domain/lines.ts";
import { type Item, type Level, type Movement, type StockAnswer, type StockQuestion, stockReason } from "../domain/stock.ts";
import type { LevelFilter, MovementFilter, StockChange, StockStore } from "../domain/stock-store.ts";
import type { MoveStock } from "./move-stock.ts";
import { resolveWarehouses } from "./resolve-warehouses.ts";
import { CHECK_STOCKS, LEVELS, MAKE_LEVELS, movementsSql } from "./stock-sql.ts";

const BY_PLACE = [
  { by: "sku", direction: "asc" },
  { by: "warehouseId", direction: "asc" },
] as const;

interface AnswerRow {
  warehouse_id: string | null;
  status: "active" | "inactive" | null;
  on_hand: string;
  reserved: string;
  best: string | null;
}

type LevelRow = Omit<Level, "onHand" | "reserved"> & { onHand: string; reserved: string };
type MovementRow = Omit<Movement, "onHandDifference" | "reservedDifference"> & {
  seq: string;
  onHandDifference: string;
  reservedDifference: string;
};

/** Levels and the ledger in Postgres. */
export class PostgresStockStore implements StockStore {
  readonly #database: Database;
  readonly #moveStock: MoveStock;
  readonly #outlets: Pick<Service<unknown>, "audit">;
  readonly #lowStockThreshold: () => bigint;

  constructor(database: Database, moveStock: MoveStock, outlets: Pick<Service<unknown>, "audit">, lowStockThreshold: () => bigint) {
    this.#database = database;
    this.#moveStock = moveStock;
    this.#outlets = outlets;
    this.#lowStockThreshold = lowStockThreshold;
  }

  async checkStocks(questions: readonly StockQuestion[]): Promise<StockAnswer[]> {
    const rows = await this.#database.read((tx) =>
      tx.query<AnswerRow>(CHECK_STOCKS, [
        tx.tenantId,
        questions.map(({ sku }) => sku),
        questions.map(({ productId }) => productId),
        questions.map(({ warehouseId }) => warehouseId),
      ]),
    );
    return questions.map((question, index) => answerTo(question, rows[index]));
  }

  async setItem({ sku, productId, lowStockThreshold }: Item): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx.query(
        `insert into items (tenant_id, sku, product_id, low_stock_threshold) values ($1, $2, $3, $4)
         on conflict (tenant_id, sku) do update set product_id = excluded.product_id, low_stock_threshold = excluded.low_stock_threshold`,
        [tx.tenantId, sku, productId, lowStockThreshold],
      );
      await this.#outlets.audit(tx, {
        action: "item.set",
        resource: "item",
        resourceId: sku,
        outcome: "success",
        metadata: { product_id: productId },
      });
    });
  }

  change({ kind, warehouseId, lines, reference, reason, note }: StockChange): Promise<Level[]> {
    return this.#database.transaction(async (tx) => {
      const { idOf } = await resolveWarehouses(tx, [warehouseId]);
      const place = idOf(warehouseId);
      const merged = mergedLines(lines.map((line) => ({ ...line, warehouseId: place })));
      const coming = merged.filter(({ quantity }) => quantity > 0n).map(({ sku }) => sku);
      if (coming.length > 0) await tx.query(MAKE_LEVELS, [tx.tenantId, coming, place]);
      const moves = merged.map(({ quantity, ...line }) => ({ ...line, onHand: quantity, reserved: 0n }));
      const { levels } = await this.#moveStock(tx, { kind, lines: moves, reference, reason, note });
      await this.#auditChange(tx, kind, place, { reference, reason, lines: String(merged.length) });
      return levels;
    });
  }

  listLevels({ sku, warehouseId, onlyLow }: LevelFilter, page: PageRequest): Promise<Page<Level>> {
    return this.#database.read(async (tx) => {
      const parameters = [tx.tenantId, sku, warehouseId, onlyLow, this.#lowStockThreshold()];
      const { items, nextPageToken } = await listPage<LevelRow & Record<string, unknown>>(tx, {
        sql: LEVELS,
        parameters,
        order: BY_PLACE,
        page,
      });
      return { items: items.map((row) => ({ ...row, onHand: BigInt(row.onHand), reserved: BigInt(row.reserved) })), nextPageToken };
    });
  }

  listMovements({ sku, warehouseId, reference, kind }: MovementFilter, page: PageRequest): Promise<Page<Movement>> {
    return this.#database.read(async (tx) => {
      const list = {
        sql: movementsSql({ sku: sku !== "", warehouse: warehouseId !== "", reference: reference !== "" }),
        parameters: [tx.tenantId, kind ?? "", ...[sku, warehouseId, reference].filter((value) => value !== "")],
        order: [{ by: "seq", direction: "desc" }] as const,
        page,
      };
      const { items, nextPageToken } = await listPage<MovementRow & Record<string, unknown>>(tx, list);
      return { items: items.map(movementOf), nextPageToken };
    });
  }

  #auditChange(tx: Transaction, kind: "receive" | "adjust", warehouseId: string, metadata: Record<string, string>): Promise<void> {
    const action = kind === "receive" ? "stock.received" : "stock.adjusted";
    return this.#outlets.audit(tx, { action, resource: "warehouse", resourceId: warehouseId, outcome: "success", metadata });
  }
}

function answerTo(question: StockQuestion, row: AnswerRow | undefined): StockAnswer {
  const best = row?.best == null ? undefined : BigInt(row.best);
  return {
    ...question,
    warehouseId: row?.warehouse_id ?? "",
    onHand: BigInt(row?.on_hand ?? 0),
    reserved: BigInt(row?.reserved ?? 0),
    reason: stockReason(row?.status ?? undefined, best, question.quantity),
  };
}

function movementOf({ seq: _seq, onHandDifference, reservedDifference, ...same }: MovementRow): Movement {
  return { ...same, onHandDifference: BigInt(onHandDifference), reservedDifference: BigInt(reservedDifference) };
}
