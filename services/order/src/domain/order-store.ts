import type { Page, PageRequest } from "@plinth/kernel/base";
import type { Order, OrderChange } from "./order.ts";
import type { Statuses } from "./order-status.ts";

/** All given conditions must hold; undefined and empty: any. */
export interface OrderFilter extends Partial<{ [K in keyof Statuses]: Statuses[K] | undefined }> {
  readonly userId: string;
  readonly customerId: string;
  readonly email: string;
  readonly number: string;
}

export type OrderSort = "newest" | "oldest" | "changed";

/** An order without its parts, and with the statuses that its row keeps. */
export type OrderSummary = Omit<Order, "lines" | "refunds" | "shipments"> & Statuses;

export interface PastHappening {
  readonly what: string;
  readonly detail: Readonly<Record<string, string>>;
  readonly actorId: string;
  readonly at: Date;
}

export interface Note {
  readonly id: string;
  readonly orderId: string;
  readonly text: string;
  readonly authorId: string;
  readonly createdAt: Date;
}

/** Each change writes the rows, the history, the events and the audit entries in one transaction. */
export interface OrderStore {
  findOrder(id: string): Promise<Order | undefined>;
  listOrders(filter: OrderFilter, sort: OrderSort, page: PageRequest): Promise<Page<OrderSummary>>;
  /** Oldest first. */
  listHistory(orderId: string): Promise<PastHappening[]>;
  /** Applies `decide` to the locked order. Throws NOT_FOUND, reason ORDER_NOT_FOUND. */
  change<Change extends OrderChange>(id: string, decide: (order: Order) => Change): Promise<Change>;
  /** Throws NOT_FOUND, reason ORDER_NOT_FOUND. */
  addNote(note: Note): Promise<void>;
  /** Newest first. */
  listNotes(orderId: string, page: PageRequest): Promise<Page<Note>>;
}
