import type { Transaction } from "@plinth/kernel/database";
import type { Order, OrderChange } from "../domain/order.ts";

/** Applies news to an order, in the transaction of the event. Nothing happens where there is no such order: the news are of something else. */
export type RecordNews = (tx: Transaction, orderId: string, decide: (order: Order) => OrderChange) => Promise<OrderChange | undefined>;

/** Lets a checkout go on that waits for its payment. */
export type WakeCheckout = (tx: Transaction, orderId: string) => Promise<unknown>;
