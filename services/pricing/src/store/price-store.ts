import { currentContext, type Page, type PageRequest } from "@plinth/kernel/base";
import { type Database, listPage, type RememberedReads, type Transaction } from "@plinth/kernel/database";
import type { BasePrice, PriceChange, PriceInput, PriceKey } from "../domain/base-price.ts";
import type { ChannelStore } from "../domain/channel-store.ts";
import type { BookedChange, PriceFilter, PriceStore } from "../domain/price-store.ts";
import type { PriceFacts, PriceQuestion } from "../domain/quote.ts";
import type { PriceEvents } from "./price-events.ts";
import { DELETE_PRICES, LIST_CHANGES, LIST_PRICES, LOCK_PRICES, SET_PRICES } from "./price-sql.ts";
import { factsAt, rememberedFacts } from "./remembered-facts.ts";

const BY_KEY = [
  { by: "sku", direction: "asc" },
  { by: "currency", direction: "asc" },
  { by: "warehouseId", direction: "asc" },
  { by: "minQuantity", direction: "asc" },
] as const;

type PriceRow = Omit<BasePrice, "minQuantity" | "amount"> & { minQuantity: string; amount: string };
type ChangeRow = Omit<PriceChange, "minQuantity" | "amount" | "previous"> & {
  minQuantity: string;
  amount: string | null;
  previous: string | null;
};
type BookedRow = ChangeRow & Pick<BookedChange, "id" | "actorId"> & { seq: string };

/** Prices and their history in Postgres. */
export class PostgresPriceStore implements PriceStore {
  readonly #database: Database;
  readonly #memory: RememberedReads;
  readonly #channels: ChannelStore;
  readonly #events: PriceEvents;

  constructor(database: Database, memory: RememberedReads, channels: ChannelStore, events: PriceEvents) {
    this.#database = database;
    this.#memory = memory;
    this.#channels = channels;
    this.#events = events;
  }

  async findFacts(question: PriceQuestion): Promise<PriceFacts | undefined> {
    const { at } = question;
    const find = () => (at === undefined ? rememberedFacts(this.#memory, question) : factsAt(this.#database, { ...question, at }));
    const facts = await find();
    if (facts || !(await this.#channels.findChannel(question.channel))) return facts;
    // The default channel has just been made.
    return find();
  }

  setPrices(prices: readonly PriceInput[]): Promise<PriceChange[]> {
    const keys = prices.map(({ price: { currency }, ...rest }) => ({ ...rest, currency }));
    return this.#change("price.set", SET_PRICES, [...columnsOf(keys), prices.map(({ price }) => price.amount)]);
  }

  deletePrices(keys: readonly PriceKey[]): Promise<PriceChange[]> {
    return this.#change("price.deleted", DELETE_PRICES, columnsOf(keys));
  }

  listPrices(filter: PriceFilter, page: PageRequest): Promise<Page<BasePrice>> {
    return this.#database.read(async (tx) => {
      const list = { sql: LIST_PRICES, parameters: parametersOf(tx, filter), order: BY_KEY, page };
      const { items, nextPageToken } = await listPage<PriceRow & Record<string, unknown>>(tx, list);
      return { items: items.map((row) => ({ ...row, minQuantity: BigInt(row.minQuantity), amount: BigInt(row.amount) })), nextPageToken };
    });
  }

  listChanges(filter: PriceFilter, page: PageRequest): Promise<Page<BookedChange>> {
    return this.#database.read(async (tx) => {
      const order = [{ by: "seq", direction: "desc" }] as const;
      const list = { sql: LIST_CHANGES, parameters: parametersOf(tx, filter), order, page };
      const { items, nextPageToken } = await listPage<BookedRow & Record<string, unknown>>(tx, list);
      return { items: items.map(({ id, actorId, ...row }) => ({ ...changeOf(row), id, actorId })), nextPageToken };
    });
  }

  async #change(action: "price.set" | "price.deleted", sql: string, columns: readonly unknown[]): Promise<PriceChange[]> {
    const changed = await this.#database.transaction(async (tx) => {
      await tx.query(LOCK_PRICES, [tx.tenantId]);
      const rows = await tx.query<ChangeRow>(sql, [tx.tenantId, ...columns, currentContext()?.user?.id ?? ""]);
      const changes = rows.map(changeOf);
      await this.#events.changed(tx, action, changes);
      return changes;
    });
    this.#memory.forget();
    return changed;
  }
}

function columnsOf(keys: readonly PriceKey[]): unknown[] {
  return [
    keys.map(({ sku }) => sku),
    keys.map(({ currency }) => currency),
    keys.map(({ warehouseId }) => warehouseId),
    keys.map(({ minQuantity }) => minQuantity),
  ];
}

function parametersOf(tx: Transaction, { sku, currency, warehouseId }: PriceFilter): string[] {
  return [tx.tenantId, sku, currency, warehouseId];
}

function changeOf({ sku, currency, warehouseId, minQuantity, amount, previous, changedAt }: ChangeRow): PriceChange {
  const toAmount = (text: string | null) => (text === null ? undefined : BigInt(text));
  return {
    sku,
    currency,
    warehouseId,
    minQuantity: BigInt(minQuantity),
    amount: toAmount(amount),
    previous: toAmount(previous),
    changedAt,
  };
}
