import type { ServiceDefinition } from "@plinth/kernel/service";
import {
  type KilledProcesses,
  type ServiceHarness,
  startHarness,
  startKilledProcesses,
  type TestCaller,
  type TestDatabase,
} from "@plinth/kernel/testing";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { CatalogService } from "@plinth/proto/catalog/v1/catalog_pb";
import { CustomerService } from "@plinth/proto/customer/v1/customer_pb";
import { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import { type Cart, CartService } from "@plinth/proto/order/v1/cart_pb";
import { type Order, OrderService } from "@plinth/proto/order/v1/order_pb";
import { PaymentService } from "@plinth/proto/payment/v1/payment_pb";
import { PricingService } from "@plinth/proto/pricing/v1/pricing_pb";
import { ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";
import { Pool } from "pg";
import authz from "../../authz/src/index.ts";
import catalog from "../../catalog/src/index.ts";
import customer from "../../customer/src/index.ts";
import inventory from "../../inventory/src/index.ts";
import payment from "../../payment/src/index.ts";
import pricing from "../../pricing/src/index.ts";
import shipping from "../../shipping/src/index.ts";
import order from "../src/index.ts";

/** In the order in which they start: what others need comes first. */
const SERVICES = [authz, customer, catalog, inventory, pricing, payment, shipping, order] as readonly ServiceDefinition<never>[];

export const ADA = {
  ...{ name: "Ada", company: "", line1: "Way 1", line2: "", city: "Berlin", region: "BE", postalCode: "10115", country: "DE", phone: "" },
};
export const EMAIL = "ada@example.com";

export interface ShopOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** By module: how many instances run. */
  readonly replicas?: Readonly<Record<string, number>>;
  /** One that outlives the shop. */
  readonly database?: TestDatabase;
  /** By module: how many instances run in processes of their own, which may be killed; which one is by the random numbers. */
  readonly processes?: { readonly counts: Readonly<Record<string, number>>; readonly random: () => number };
}

export interface CartLine {
  readonly sku: string;
  readonly quantity: number;
  readonly warehouseId?: string;
}

/** What a checkout has left in other modules. */
export interface Traces {
  /** "none", or the reservation's status. */
  readonly reservation: string;
  /** "none", or the payment's state. */
  readonly payment: string;
}

/** A shop that sells: all its services, a warehouse, a zone with two shipping options, and the tax of Germany. */
export interface Shop {
  readonly harness: ServiceHarness;
  /** By module: those that run in processes of their own. */
  readonly processes: ReadonlyMap<string, KilledProcesses>;
  readonly warehouseId: string;
  carts(caller?: TestCaller): ReturnType<typeof cartsOf>;
  orders(caller?: TestCaller): ReturnType<typeof ordersOf>;
  /** As somebody with the role order-manager. */
  staff(): ReturnType<typeof ordersOf>;
  inventory(): ReturnType<typeof inventoryOf>;
  payments(): ReturnType<typeof paymentsOf>;
  /** A new SKU at this price (EUR, minor units, tax included), published, with so many in stock. */
  stocked(quantity: number, price?: bigint): Promise<string>;
  setPrice(sku: string, amount: bigint, currency?: string): Promise<void>;
  /** It is not sold any more. */
  unprice(sku: string): Promise<void>;
  /** A cart with these lines, an address, an email address and the option `standard`: ready to be checked out. */
  cartWith(lines: readonly CartLine[], caller?: TestCaller): Promise<Cart>;
  /** Buys one or more of a SKU, paid by hand unless said otherwise. */
  buy(sku: string, quantity?: number, payment?: { provider?: string; methodToken?: string }): Promise<Order>;
  /** Of the order's id. */
  traces(orderId: string): Promise<Traces>;
  /** Of every order that there ever was to be: those that did not become one. */
  leftBehind(): Promise<{ orderId: string; traces: Traces }[]>;
  available(sku: string): Promise<bigint>;
  /** As the schema's superuser: every tenant's rows. */
  sql<Row = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
}

const BOOTSTRAP = "only the first may have it";
const EVERYTHING = ["order-manager", "stock-manager", "payment-manager", "catalog-manager", "pricing-manager", "shipping-manager"];
const STAFF: TestCaller = { user: { id: "user_staff" } };

const cartsOf = (harness: ServiceHarness, caller?: TestCaller) => harness.client("order", CartService, caller);
const ordersOf = (harness: ServiceHarness, caller?: TestCaller) => harness.client("order", OrderService, caller);
const inventoryOf = (harness: ServiceHarness) => harness.client("inventory", InventoryService, STAFF);
const paymentsOf = (harness: ServiceHarness) => harness.client("payment", PaymentService, STAFF);

export async function startShop({ env = {}, replicas = {}, database, processes }: ShopOptions = {}): Promise<Shop> {
  const harness = await startHarness({
    services: SERVICES,
    env: { AUTHZ_BOOTSTRAP_TOKEN: BOOTSTRAP, ...env },
    replicas,
    inProcesses: Object.keys(processes?.counts ?? {}),
    ...(database === undefined ? {} : { database }),
  });
  const killed = await Promise.all(
    Object.entries(processes?.counts ?? {}).map(
      async ([module, count]) => [module, await startKilledProcesses(harness, module, count, processes?.random ?? Math.random)] as const,
    ),
  );
  const admin = new Pool({ connectionString: harness.adminUrl, max: 4 });
  const sql = async <Row>(text: string, parameters: readonly unknown[] = []) => (await admin.query(text, [...parameters])).rows as Row[];
  const warehouseId = await furnish(harness);
  const asCatalog = harness.client("catalog", CatalogService, STAFF);
  const { id: categoryId } = await asCatalog.createCategory({ name: `Goods ${Date.now()}` });
  const asPricing = harness.client("pricing", PricingService, STAFF);
  let made = 0;

  const shop: Shop = {
    harness,
    processes: new Map(killed),
    warehouseId,
    carts: (caller) => cartsOf(harness, caller),
    orders: (caller) => ordersOf(harness, caller),
    staff: () => ordersOf(harness, STAFF),
    inventory: () => inventoryOf(harness),
    payments: () => paymentsOf(harness),

    async stocked(quantity, price = 1000n) {
      const sku = `SKU-${Date.now()}-${++made}`;
      const product = await asCatalog.createProduct({ sku, name: `Product ${made}`, categoryId, weightGrams: 200 });
      await asCatalog.publishProduct({ id: product.id });
      await shop.setPrice(sku, price);
      if (quantity > 0) await shop.inventory().receive({ lines: [{ sku, quantity: BigInt(quantity) }] });
      return sku;
    },

    async setPrice(sku, amount, currency = "EUR") {
      await asPricing.setPrices({ prices: [{ sku, price: { amount, currency } }] });
    },

    async unprice(sku) {
      await asPricing.deletePrices({ prices: [{ sku, currency: "EUR" }] });
    },

    async cartWith(lines, caller) {
      const carts = shop.carts(caller);
      const { id: cartId } = await carts.createCart({ currency: "EUR", email: EMAIL, locale: "de-DE" });
      for (const { quantity, ...line } of lines) await carts.addItem({ cartId, quantity: BigInt(quantity), ...line });
      await carts.setShippingAddress({ cartId, address: ADA });
      await carts.chooseShippingOption({ cartId, code: "standard" });
      return carts.getCart({ id: cartId });
    },

    async buy(sku, quantity = 1, how = {}) {
      const { id: cartId } = await shop.cartWith([{ sku, quantity }]);
      const { order: placed } = await shop.orders().placeOrder({ cartId, payment: { provider: "manual", ...how } });
      if (placed === undefined) throw new Error("The order was not placed.");
      return placed;
    },

    async traces(orderId) {
      const [reservation] = await sql<{ status: string }>("select status from inventory.reservations where reference = $1", [orderId]);
      const [intent] = await sql<{ state: string }>("select state from payment.intents where reference = $1", [orderId]);
      return { reservation: reservation?.status ?? "none", payment: intent?.state ?? "none" };
    },

    async leftBehind() {
      const rows = await sql<{ order_id: string }>(
        "select order_id from orders.checkouts c where not exists (select from orders.orders o where o.id = c.order_id)",
      );
      return Promise.all(rows.map(async ({ order_id: orderId }) => ({ orderId, traces: await shop.traces(orderId) })));
    },

    async available(sku) {
      return (await shop.inventory().checkStock({ sku })).available;
    },

    sql,
    async stop() {
      await admin.end();
      await harness.stop();
    },
  };
  return shop;
}

/** Rights, a warehouse, a zone, options and taxes; answers the warehouse's id. */
async function furnish(harness: ServiceHarness): Promise<string> {
  const bootstrap = { userId: "user_admin", bootstrapToken: BOOTSTRAP };
  await harness
    .client("authz", AuthzService, { module: "identity" })
    .claimBootstrap(bootstrap)
    .catch(() => undefined);
  const asAdmin = harness.client("authz", AuthzService, { user: { id: "user_admin" } });
  for (const role of EVERYTHING) await asAdmin.assignRole({ userId: "user_staff", role });
  const price = (amount: bigint) => [
    { amount, currency: "EUR" },
    { amount, currency: "USD" },
  ];
  const shipping = harness.client("shipping", ShippingService, STAFF);
  await shipping.setZone({ code: "eu", name: "Europe", areas: [{ country: "DE" }, { country: "FR" }] });
  const flat = (amount: bigint) => [{ zone: "eu", calculator: { case: "flatRate" as const, value: { prices: price(amount) } } }];
  await shipping.setOption({ code: "standard", name: "Standard", carrier: "manual", minDays: 2, maxDays: 4, rates: flat(490n) });
  await shipping.setOption({ code: "express", name: "Express", carrier: "manual", minDays: 1, maxDays: 1, rates: flat(1290n) });
  const rate = (taxClass: string) => ({ country: "DE", taxClass, rate: "0.19", name: "VAT 19 %" });
  await harness.client("pricing", PricingService, STAFF).setTaxRates({ rates: [rate("standard"), rate("shipping")] });
  const inventory = inventoryOf(harness);
  const { warehouses } = await inventory.listWarehouses({});
  return (warehouses[0] ?? (await inventory.createWarehouse({ code: "BER-1", name: "Berlin", country: "DE" }))).id;
}

/** The customer of a signed-in user, by their own book. */
export const customersOf = (harness: ServiceHarness, caller: TestCaller) => harness.client("customer", CustomerService, caller);
