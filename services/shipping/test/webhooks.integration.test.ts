import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { ShipmentStatus } from "@plinth/proto/shipping/v1/shipping_pb";
import { aLine, type ShippingPlatform, startShipping } from "./shipping-platform.ts";
import { type SimulatorProcess, startSimulatorProcess } from "./simulator.ts";

const SECRET = "secret of the test";
const PATH = "/api/v1/shipping/webhooks/easypost";

let simulator: SimulatorProcess;
let p: ShippingPlatform;

beforeAll(async () => {
  simulator = await startSimulatorProcess();
  p = await startShipping({
    ...{ SHIPPING_EASYPOST_URL: simulator.url, SHIPPING_EASYPOST_API_KEY: "EZTK_simulator", SHIPPING_EASYPOST_WEBHOOK_SECRET: SECRET },
    SHIPPING_EASYPOST_TIMEOUT: "2s",
  });
  await listen({ held: true });
});
afterAll(async () => {
  await p.stop();
  await simulator.stop();
});

const url = () => `${p.harness.httpUrl("shipping")}${PATH}`;

async function listen(how: object): Promise<void> {
  const headers = { "x-service-token": await p.harness.serviceToken("gateway", "shipping") };
  await simulator.control("POST", "webhooks", { url: url(), secret: SECRET, headers, ...how });
}

/** Sends what the simulator holds back; all of it must be taken. */
async function deliver(order: "made" | "reversed" = "made", copies = 1): Promise<string[]> {
  const { deliveries } = await simulator.control<{ deliveries: { description: string; status: number }[] }>("POST", "webhooks/deliver", {
    order,
    copies,
  });
  expect(deliveries.filter(({ status }) => status !== 200)).toEqual([]);
  return deliveries.map(({ description }) => description);
}

async function onItsWay(): Promise<{ id: string; trackingNumber: string }> {
  const { id } = await p.ready();
  return p.staff().shipShipment({ id });
}

describe.each([
  ["made", 1],
  ["made", 3],
  ["reversed", 1],
  ["reversed", 3],
] as const)("events as they were %s, %s times each", (order, copies) => {
  test("tell that a parcel arrived, once", async () => {
    const { id, trackingNumber } = await onItsWay();
    for (const status of ["in_transit", "out_for_delivery", "delivered"]) await simulator.move(trackingNumber, status);
    const said = await deliver(order, copies);
    expect(said).toHaveLength(4 * copies);
    const told = await p.staff().getShipment({ id });
    expect(told).toMatchObject({ status: ShipmentStatus.DELIVERED, trackingStatus: "delivered" });
    expect(told.deliveredAt).toBeDefined();
    expect(await p.published(id)).toEqual(["shipment.created", "shipment.shipped", "shipment.delivered"]);
    expect(told.history.map(({ detail }) => detail).slice(2)).toEqual(["handed over to USPS", "delivered: Delivered, left at the door"]);
  });
});

test("a parcel is followed step by step, and fails with the carrier's reason", async () => {
  const { id, trackingNumber } = await onItsWay();
  for (const status of ["in_transit", "out_for_delivery", "failure"]) {
    await simulator.move(trackingNumber, status);
    await deliver();
  }
  expect(await p.staff().getShipment({ id })).toMatchObject({
    ...{ status: ShipmentStatus.FAILED, failureReason: "failure: The address does not exist" },
  });
  await simulator.move(trackingNumber, "return_to_sender");
  await deliver();
  expect(await p.staff().getShipment({ id })).toMatchObject({ status: ShipmentStatus.RETURNED });
  expect((await p.history(id)).slice(3)).toEqual([
    "in transit: Departed the sorting centre",
    "out for delivery: On the van",
    "failure: The address does not exist",
    "return to sender: On its way back to the sender",
  ]);
});

test("the parcels of another tenant are followed in that tenant", async () => {
  await p.staff("acme").setFulfillmentEntity({
    ...{ warehouseId: "default", type: 1, name: "Acme", cutOffHour: 14, timeZone: "UTC" },
    address: { name: "Acme", line1: "Road 1", city: "Kiel", country: "DE" },
  });
  const { orderId } = await p.order({ lines: [aLine({ warehouseId: "" })] }, "acme");
  const [ready] = await p.pay(orderId, "acme");
  const { id, trackingNumber } = await p.staff("acme").shipShipment({ id: ready?.id ?? "" });
  await simulator.move(trackingNumber, "delivered");
  await deliver("reversed", 2);
  await expect(p.as("user_ada", "acme").getShipment({ id })).resolves.toMatchObject({ status: ShipmentStatus.DELIVERED });
});

test("an event that is faster than the answer is sent again until the label is noted", async () => {
  const { id } = await p.ready();
  await listen({ held: false });
  const fault = await simulator.fault("hang-after", "buy$");
  const shipping = p.staff().shipShipment({ id });
  await fault.hit();
  const [sold] = await p.sql<{ name: string }>("select carrier_shipment_id as name from shipping.shipments where id = $1", [id]);
  const { trackerId } = await trackerOf(sold?.name ?? "");
  await simulator.control("POST", `trackers/${trackerId}`, { status: "delivered" });
  const early = await send(JSON.stringify({ id: "evt_early", description: "tracker.updated", result: tracker(trackerId, sold?.name) }));
  expect(early.status).toBe(503);
  await fault.release();
  await shipping;
  await eventually(
    () => p.staff().getShipment({ id }),
    ({ status }) => status === ShipmentStatus.DELIVERED,
  );
  await listen({ held: true });
});

const tracker = (id: string, shipmentId = "") => ({ object: "Tracker", id, shipment_id: shipmentId, status: "delivered" });

async function trackerOf(shipmentId: string): Promise<{ trackerId: string }> {
  const response = await fetch(`${simulator.url}/v2/shipments/${shipmentId}`, { headers: { authorization: "Basic x" } });
  return { trackerId: ((await response.json()) as { tracker: { id: string } }).tracker.id };
}

const hmac = (text: string) => `hmac-sha256-hex=${createHmac("sha256", SECRET).update(text).digest("hex")}`;

async function send(body: string, headers: Record<string, string> = { "x-hmac-signature": hmac(body) }): Promise<Response> {
  const token = { "x-service-token": await p.harness.serviceToken("gateway", "shipping") };
  return fetch(url(), { method: "POST", headers: { ...token, ...headers }, body });
}

describe("an event that is signed", () => {
  test("by the older scheme is heard; what it says is not believed", async () => {
    const { id, trackingNumber } = await onItsWay();
    const [row] = await p.sql<{ tracker_id: string }>("select tracker_id from shipping.shipments where id = $1", [id]);
    const claim = (eventId: string) =>
      JSON.stringify({ id: eventId, description: "tracker.updated", result: tracker(row?.tracker_id ?? "") });
    expect((await send(claim("evt_claim"))).status).toBe(200);
    expect(await p.staff().getShipment({ id })).toMatchObject({ status: ShipmentStatus.IN_TRANSIT });
    await simulator.move(trackingNumber, "delivered");
    // Heard already: nobody is asked.
    await send(claim("evt_claim"));
    expect(await p.staff().getShipment({ id })).toMatchObject({ status: ShipmentStatus.IN_TRANSIT });
    await send(claim("evt_other"));
    expect(await p.staff().getShipment({ id })).toMatchObject({ status: ShipmentStatus.DELIVERED });
  });

  test("about something else, or about a parcel of somebody else, is taken and changes nothing", async () => {
    for (const result of [{ object: "Batch", id: "batch_1" }, tracker("trk_of_somebody_else"), null, "text"]) {
      const body = JSON.stringify({ id: `evt_${JSON.stringify(result).length}`, description: "batch.created", result });
      expect((await send(body)).status).toBe(200);
    }
  });

  test.each(["not json", "{}", "[]", "null", '{"id": 5, "description": "x"}', '{"id": "evt 1", "description": "x"}'])(
    "and is no event is refused: %s",
    async (body) => expect((await send(body)).status).toBe(400),
  );
});

describe("an event that is not EasyPost's", () => {
  const BODY = '{"id": "evt_1", "description": "tracker.updated", "result": {}}';
  const v2 = (timestamp: string) => ({
    ...{ "x-timestamp": timestamp, "x-path": PATH },
    "x-hmac-signature-v2": hmac(`${timestamp}POST${PATH}${BODY}`),
  });

  test("is told apart from one that is", async () => {
    expect((await send(BODY, v2(new Date().toUTCString()))).status).toBe(200);
  });

  test.each([
    ["without a signature", {}],
    ["with nonsense for a signature", { "x-hmac-signature": "hmac-sha256-hex=00" }],
    ["with the signature of something else", { "x-hmac-signature": hmac("{}") }],
    ["recorded an hour ago", v2(new Date(Date.now() - 3_600_000).toUTCString())],
    [
      "recorded an hour ago and dated anew",
      { ...v2(new Date(Date.now() - 3_600_000).toUTCString()), "x-timestamp": new Date().toUTCString() },
    ],
  ])("%s is refused", async (_what, headers) => {
    const response = await send(BODY, headers);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { details: { reason: "INVALID_SIGNATURE" } } });
  });

  test("is refused when it is too large", async () => {
    expect((await send("x".repeat(300_000))).status).toBe(413);
  });
});
