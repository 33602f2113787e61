import type { Agent } from "node:http";
import type { ShopFlow } from "./shop-flow.ts";

/** A shop system under measurement. */
export interface Shop {
  readonly name: string;
  /** Makes the shop with its goods on a new data folder, and leaves it stopped. */
  seed(dataFolder: string): Promise<void>;
  /** Starts it, with its Postgres, on a data folder of before. */
  start(dataFolder: string): Promise<RunningShop>;
}

export interface RunningShop {
  /** From the first start of a process until it answers. */
  readonly readyMs: number;
  /** The shop's own process, without Postgres. */
  readonly pid: number;
  /** The first of Postgres' processes. */
  readonly postgresPid: number;
  /** Of Postgres, as superuser. */
  readonly adminUrl: string;
  /** A visit through a browser's connections. */
  visit(connections: Agent): ShopFlow;
  /** Waits until nothing is under way any more that an order has set going. */
  settle(): Promise<void>;
  /** What the shop's own tables say. */
  books(): Promise<Books>;
  stop(): Promise<void>;
}

/** The sums over all placed orders, each taken from the table that the shop itself trusts. */
export interface Books {
  readonly orders: number;
  /** What the buyers were to pay, in minor units. */
  readonly totals: bigint;
  /** What was charged. */
  readonly payments: bigint;
  /** What the orders' lines add up to. */
  readonly units: number;
  /** What has gone from the stock that can be sold. */
  readonly unitsGone: number;
}
