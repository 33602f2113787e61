import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { ShipmentStatus } from "@plinth/proto/shipping/v1/shipping_pb";
import { ADA, aLine, type ShippingPlatform, startShipping, WAREHOUSE } from "./shipping-platform.ts";
import { type SimulatorProcess, startSimulatorProcess } from "./simulator.ts";

let simulator: SimulatorProcess;
let p: ShippingPlatform;

beforeAll(async () => {
  simulator = await startSimulatorProcess();
  p = await startShipping(
    {
      ...{ SHIPPING_EASYPOST_URL: simulator.url, SHIPPING_EASYPOST_API_KEY: "EZTK_simulator", SHIPPING_EASYPOST_TIMEOUT: "2s" },
      SHIPPING_RECOVERY_EVERY: "50ms",
    },
    2,
  );
});
afterAll(async () => {
  await p.stop();
  await simulator.stop();
});

const shipped = (id: string) =>
  eventually(
    () => p.staff().getShipment({ id }),
    ({ status }) => status === ShipmentStatus.IN_TRANSIT,
  );
const ONCE = ["shipment.created", "shipment.shipped"];

test("a label is bought, and all that the carrier says is noted", async () => {
  const { id } = await p.ready({ lines: [aLine({ quantity: 3n, weightGrams: 500 })] });
  const answer = await p.staff().shipShipment({ id, trackingNumber: "IGNORED" });
  expect(answer).toMatchObject({
    ...{ status: ShipmentStatus.IN_TRANSIT, carrier: "easypost", carrierName: "USPS", carrierService: "GroundAdvantage" },
    trackingNumber: expect.stringMatching(/^9400\d{18}$/),
    labelUrl: expect.stringContaining(simulator.url),
    trackingUrl: expect.stringContaining(answer.trackingNumber),
  });
  expect(answer.estimatedDelivery).toBeDefined();
  expect(await p.history(id)).toEqual(["made", "its order is paid", "handed over to USPS"]);
  expect(await p.published(id)).toEqual(ONCE);
  await expect(p.as("user_ada").getShipment({ id })).resolves.toMatchObject({ trackingNumber: answer.trackingNumber, labelUrl: "" });
});

test("many calls at once, on several instances, buy one label", async () => {
  const before = await simulator.labels();
  const { id } = await p.ready();
  const answers = await Promise.all(Array.from({ length: 8 }, () => p.staff().shipShipment({ id })));
  expect(new Set(answers.map(({ trackingNumber }) => trackingNumber)).size).toBe(1);
  expect(await simulator.labels()).toBe(before + 1);
  expect(await p.published(id)).toEqual(ONCE);
});

describe("a lost answer", () => {
  test.each([
    ["drop-after", "buy$"],
    ["hang-after", "buy$"],
    ["error-after", "buy$"],
    ["drop-before", "buy$"],
    ["hang-before", "buy$"],
    ["error-before", "buy$"],
    ["drop-after", "shipments$"],
    ["hang-after", "shipments$"],
    ["error-before", "shipments$"],
  ])("(%s on %s) buys no second label", async (kind, path) => {
    const before = await simulator.labels();
    const { id } = await p.ready();
    await simulator.fault(kind, path);
    // Where the carrier knows nothing of it, the client asks again by itself.
    await expect(p.staff().shipShipment({ id })).resolves.toMatchObject({ status: ShipmentStatus.IN_TRANSIT });
    expect(await simulator.labels()).toBe(before + 1);
    expect(await p.published(id)).toEqual(ONCE);
  });

  test("leaves open whether its order may be canceled, until it is known", async () => {
    const { id, orderId } = await p.ready();
    await simulator.fault("error-after", "buy$", { times: 1000 });
    await simulator.fault("error-before", "shipments/", { times: 1000, method: "GET" });
    await expect(p.staff().shipShipment({ id })).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    await expect(p.cancelShipments(orderId)).rejects.toMatchObject({
      ...{ code: "SERVICE_UNAVAILABLE", reason: "SHIPMENT_BUSY" },
      metadata: { shipment_id: id },
    });
    await simulator.control("POST", "faults/clear");
    await shipped(id);
    await expect(p.cancelShipments(orderId)).rejects.toMatchObject({ reason: "ORDER_SHIPPED" });
  });

  test("that does not come is told, and the label is bought later", async () => {
    const before = await simulator.labels();
    const { id } = await p.ready();
    await simulator.fault("error-before", "buy$", { times: 1000 });
    await expect(p.staff().shipShipment({ id })).rejects.toMatchObject({
      ...{ code: "SERVICE_UNAVAILABLE", metadata: { shipment_id: id } },
      reason: expect.stringMatching(/^(LABEL_UNCERTAIN|SHIPMENT_BUSY)$/),
    });
    await simulator.control("POST", "faults/clear");
    await shipped(id);
    expect(await simulator.labels()).toBe(before + 1);
  });
});

describe("a process that is killed", () => {
  test.each([
    ["before the parcel was announced", "hang-before", "shipments$"],
    ["before the announcement was noted", "hang-after", "shipments$"],
    ["before the label was sold", "hang-before", "buy$"],
    ["before the label was noted", "hang-after", "buy$"],
  ])("%s leaves a shipment that others take up, and one label", async (_when, kind, path) => {
    const before = await simulator.labels();
    const { id } = await p.ready();
    await killWhileShipping(id, kind, path);
    await shipped(id);
    expect(await simulator.labels()).toBe(before + 1);
    expect(await p.published(id)).toEqual(ONCE);
  });

  test.each([
    ["is canceled where no label was sold", "hang-before", ShipmentStatus.CANCELED, 0],
    ["goes where one was", "hang-after", ShipmentStatus.IN_TRANSIT, 1],
  ])("while its order is canceled leaves a shipment that %s", async (_what, kind, status, labels) => {
    const before = await simulator.labels();
    const { id, orderId } = await p.ready();
    await killWhileShipping(id, kind, "buy$", async () => {
      await p.cancel(orderId);
      await eventually(
        () => p.history(id),
        (history) => history.includes("canceled while its label was being bought"),
      );
    });
    await eventually(
      () => p.staff().getShipment({ id }),
      (found) => found.status === status,
    );
    expect(await simulator.labels()).toBe(before + labels);
  });

  async function killWhileShipping(id: string, kind: string, path: string, meanwhile = async () => {}): Promise<void> {
    const fault = await simulator.fault(kind, path);
    const script = fileURLToPath(new URL("./ship-process.ts", import.meta.url));
    const child = spawn(process.execPath, [script, p.harness.databaseUrl("shipping"), simulator.url, id], { stdio: "inherit" });
    const exited = once(child, "exit");
    await fault.hit();
    await meanwhile();
    child.kill("SIGKILL");
    expect(await exited).toEqual([null, "SIGKILL"]);
    await fault.release();
  }
});

describe("a carrier's no", () => {
  test("is told, and may be asked again", async () => {
    const before = await simulator.labels();
    const { id } = await p.ready();
    await simulator.fault("refuse", "buy$");
    await expect(p.staff().shipShipment({ id })).rejects.toMatchObject({
      ...{ code: "CONFLICT", reason: "CARRIER_REFUSED", metadata: { shipment_id: id, code: "SHIPMENT.POSTAGE.FAILURE" } },
    });
    await expect(p.staff().shipShipment({ id })).resolves.toMatchObject({ status: ShipmentStatus.IN_TRANSIT });
    expect(await simulator.labels()).toBe(before + 1);
    expect(await p.history(id)).toContain("refused by easypost: The carrier does not sell this label.");
  });

  test("cancels what was to be canceled", async () => {
    const { id, orderId } = await p.ready({ shippingAddress: { ...ADA, country: "AQ" } });
    const fault = await simulator.fault("hang-after", "shipments$");
    const shipping = p
      .staff()
      .shipShipment({ id })
      .catch((error: unknown) => error);
    await fault.hit();
    await p.cancel(orderId);
    await eventually(
      () => p.history(id),
      (history) => history.includes("canceled while its label was being bought"),
    );
    await fault.release();
    await shipping;
    await eventually(
      () => p.staff().getShipment({ id }),
      ({ status }) => status === ShipmentStatus.CANCELED,
    );
    expect(await p.published(id)).toEqual(["shipment.created"]);
  });

  test("comes before anything is bought where a warehouse has no address", async () => {
    const { id } = await p.ready({ lines: [aLine({ warehouseId: "wh_somewhere" })] });
    await expect(p.staff().shipShipment({ id })).rejects.toMatchObject({ code: "CONFLICT", reason: "ADDRESS_MISSING" });
    await expect(p.staff().getShipment({ id })).resolves.toMatchObject({ status: ShipmentStatus.READY });
  });
});

test("what the carrier tells itself, nobody notes by hand", async () => {
  const { id } = await p.ready({ lines: [aLine({ warehouseId: WAREHOUSE })] });
  await p.staff().shipShipment({ id });
  await expect(p.staff().markDelivered({ id })).rejects.toMatchObject({ code: "CONFLICT", reason: "CARRIER_TRACKS" });
});
