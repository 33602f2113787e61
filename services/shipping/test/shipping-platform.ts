import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { newId, runInContext } from "@plinth/kernel/base";
import { defineService, type Service, type ServiceDefinition } from "@plinth/kernel/service";
import { eventually, type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { OrderCanceledSchema, OrderCreatedSchema, OrderPaidSchema } from "@plinth/proto/order/v1/events_pb";
import { FulfillmentType, type Shipment, ShipmentStatus, ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";
import { Pool } from "pg";
import authz from "../../authz/src/index.ts";
import shipping from "../src/index.ts";

export type OrderCreated = MessageInitShape<typeof OrderCreatedSchema>;

export const HAMBURG = {
  ...{ name: "Plinth", company: "Plinth", line1: "Kai 1", line2: "", city: "Hamburg", region: "HH", postalCode: "20457", country: "DE" },
  phone: "",
};
export const ADA = {
  ...{ name: "Ada", company: "", line1: "Way 1", line2: "", city: "Berlin", region: "BE", postalCode: "10115", country: "DE", phone: "" },
};
/** Has an address: labels can be bought for what it sends. */
export const WAREHOUSE = "wh_hamburg";

/** The service with everything that it needs, and order's outbox in the hand of the test. */
export interface ShippingPlatform {
  readonly harness: ServiceHarness;
  as(user: string, tenantId?: string): ReturnType<typeof clientOf>;
  /** As somebody with the role shipping-manager. */
  staff(tenantId?: string): ReturnType<typeof clientOf>;
  /** As order, by its outbox. */
  publish<M extends DescMessage>(schema: M, event: MessageInitShape<M>, tenantId?: string): Promise<void>;
  /** Publishes an order, and waits for its shipments. */
  order(change?: Partial<OrderCreated>, tenantId?: string): Promise<{ orderId: string; shipments: Shipment[] }>;
  pay(orderId: string, tenantId?: string): Promise<Shipment[]>;
  cancel(orderId: string, tenantId?: string): Promise<void>;
  /** What order asks before it cancels one. */
  cancelShipments(orderId: string, tenantId?: string): Promise<unknown>;
  /** A paid order's shipment. */
  ready(change?: Partial<OrderCreated>): Promise<Shipment>;
  shipmentsOf(orderId: string, tenantId?: string): Promise<Shipment[]>;
  /** Types of the events about a shipment that were written for others, oldest first. */
  published(shipmentId: string): Promise<string[]>;
  /** What happened to a shipment. */
  history(shipmentId: string): Promise<string[]>;
  sql<Row = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
}

const clientOf = (harness: ServiceHarness, id: string, tenantId: string) =>
  harness.client("shipping", ShippingService, { user: { id, tenantId } });

export async function startShipping(env: Record<string, string> = {}, replicas = 1): Promise<ShippingPlatform> {
  let outlet: Service<unknown> | undefined;
  const order = defineService(new URL("../../order/src/index.ts", import.meta.url).href, (service) => {
    outlet = service;
  });
  const harness = await startHarness({
    services: [authz, order, shipping] as ServiceDefinition<never>[],
    env: { AUTHZ_BOOTSTRAP_TOKEN: "only the first may have it", ...env },
    replicas: { shipping: replicas },
  });
  const bootstrap = { userId: "user_admin", bootstrapToken: "only the first may have it" };
  await harness.client("authz", AuthzService, { module: "identity" }).claimBootstrap(bootstrap);
  const asAdmin = harness.client("authz", AuthzService, { user: { id: "user_admin" } });
  await asAdmin.assignRole({ userId: "user_manager", role: "shipping-manager" });
  const admin = new Pool({ connectionString: harness.adminUrl, max: 4 });
  const sql = async <Row>(text: string, parameters: readonly unknown[] = []) => (await admin.query(text, [...parameters])).rows as Row[];

  const platform: ShippingPlatform = {
    harness,
    as: (user, tenantId = "default") => clientOf(harness, user, tenantId),
    staff: (tenantId = "default") => clientOf(harness, "user_manager", tenantId),
    async publish(schema, event, tenantId = "default") {
      const context = { requestId: "", traceId: "", module: "order", tenantId, signal: new AbortController().signal };
      await runInContext(context, async () => outlet?.database.transaction(async (tx) => outlet?.publish(tx, schema, event)));
    },
    async order(change = {}, tenantId = "default") {
      const event = anOrder(change);
      await platform.publish(OrderCreatedSchema, event, tenantId);
      const warehouses = new Set((event.lines ?? []).map(({ warehouseId }) => warehouseId));
      const { orderId = "" } = event;
      const shipments = await eventually(
        () => platform.shipmentsOf(orderId, tenantId),
        (found) => found.length === warehouses.size,
      );
      return { orderId, shipments };
    },
    async pay(orderId, tenantId = "default") {
      const paid = { amount: 1000n, currency: "EUR" };
      await platform.publish(OrderPaidSchema, { orderId, paid, paidAt: timestampNow() }, tenantId);
      return eventually(
        () => platform.shipmentsOf(orderId, tenantId),
        (found) => found.length > 0 && found.every(({ status }) => status !== ShipmentStatus.PENDING),
      );
    },
    cancel: (orderId, tenantId) => platform.publish(OrderCanceledSchema, { orderId, canceledAt: timestampNow() }, tenantId),
    cancelShipments: (orderId, tenantId = "default") =>
      harness.client("shipping", ShippingService, { module: "order", tenantId }).cancelShipments({ orderId, reason: "changed my mind" }),
    async ready(change) {
      const { orderId } = await platform.order(change);
      const [shipment] = await platform.pay(orderId);
      if (shipment === undefined) throw new Error("no shipment");
      return shipment;
    },
    async shipmentsOf(orderId, tenantId = "default") {
      // Staff has its role in one tenant; the buyer sees their own in each.
      const seer = tenantId === "default" ? platform.staff() : platform.as("user_ada", tenantId);
      return (await seer.listShipments({ orderId })).shipments;
    },
    async published(shipmentId) {
      const rows = await sql<{ type: string }>(
        `select envelope->>'type' as type from (select envelope from shipping.outbox union all select envelope from plinth_bus.log) sent
         where envelope->>'topic' = 'shipment' and envelope->>'key' = $1 order by envelope->>'eventId'`,
        [shipmentId],
      );
      return rows.map(({ type }) => type);
    },
    history: async (id) => (await platform.staff().getShipment({ id })).history.map(({ detail }) => detail),
    sql,
    async stop() {
      await admin.end();
      await harness.stop();
    },
  };
  await platform.staff().setFulfillmentEntity({
    ...{ warehouseId: WAREHOUSE, type: FulfillmentType.WAREHOUSE, name: "Hamburg", cutOffHour: 14, timeZone: "Europe/Berlin" },
    address: HAMBURG,
  });
  return platform;
}

type Line = NonNullable<OrderCreated["lines"]>[number];

export function aLine(change: Partial<Line> = {}): Line {
  return {
    ...{ lineId: newId("oln"), sku: "MUG-1", productId: "prod_1", name: "Mug", quantity: 2n, warehouseId: WAREHOUSE, weightGrams: 300 },
    ...{ unitPrice: { amount: 500n, currency: "EUR" }, gross: { amount: 1000n, currency: "EUR" } },
    ...change,
  } as Line;
}

export function anOrder(change: Partial<OrderCreated> = {}): OrderCreated {
  const amount = { amount: 0n, currency: "EUR" };
  return {
    ...{ orderId: newId("ord"), number: "7K3M9", customerId: "cus_ada", userId: "user_ada", email: "ada@example.com", currency: "EUR" },
    ...{ lines: [aLine()], shippingAddress: ADA, shippingOption: "standard", carrier: "easypost", minDays: 1, maxDays: 3 },
    ...{ shipping: amount, tax: amount, total: amount, createdAt: timestampNow(), locale: "de-DE" },
    ...change,
  } as OrderCreated;
}
