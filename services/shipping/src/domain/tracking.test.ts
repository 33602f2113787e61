import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { ParcelState, Tracking } from "./carrier.ts";
import { SHIPMENT_MOVES, type Shipment, type ShipmentStatus } from "./shipment.ts";
import { deliverByHand, followParcel } from "./tracking.ts";

const AT = new Date("2026-06-01T10:00:00Z");
const NOWHERE = { name: "", company: "", line1: "", line2: "", city: "", region: "", postalCode: "", country: "DE", phone: "" };
const aShipment = (status: ShipmentStatus, change: Partial<Shipment> = {}): Shipment => ({
  ...{ id: "shp_1", tenantId: "default", orderId: "ord_1", orderNumber: "1", customerId: "", userId: "", email: "", locale: "", status },
  ...{
    items: [],
    address: NOWHERE,
    weightGrams: 0n,
    optionCode: "",
    maxDays: 1,
    carrier: "easypost",
    carrierService: "",
    carrierName: "USPS",
  },
  ...{ carrierShipmentId: "shp_e", trackerId: "trk_1", trackingNumber: "9400", trackingUrl: "", labelUrl: "", trackingStatus: "" },
  ...{ trackedAt: null, failureReason: "", buyingUntil: null, cancelWanted: false, estimatedDelivery: null, createdAt: AT, updatedAt: AT },
  ...{ shippedAt: AT, deliveredAt: null },
  ...change,
});
const WORDS: Record<ParcelState, string> = {
  announced: "pre_transit",
  underway: "in_transit",
  delivered: "delivered",
  failed: "failure",
  returned: "return_to_sender",
};
const tracking = (state: ParcelState, minutes = 0, status = WORDS[state]): Tracking => ({
  ...{ state, status, detail: "", at: new Date(AT.getTime() + minutes * 60_000), estimatedDelivery: null },
});

describe("what the carrier says", () => {
  test.each([
    ["in_transit", "delivered", "delivered", "delivered"],
    ["in_transit", "failed", "failed", "failed"],
    ["in_transit", "returned", "returned", "failed"],
    ["failed", "delivered", "delivered", "delivered"],
    ["failed", "returned", "returned", "failed"],
  ] as const)("moves what is %s by %s to %s, and tells that it %s", (from, said, to, event) => {
    expect(followParcel(aShipment(from), tracking(said), AT)).toMatchObject({ shipment: { status: to }, happening: { event } });
  });

  test.each([
    ["delivered", "underway"],
    ["delivered", "failed"],
    ["delivered", "returned"],
    ["returned", "delivered"],
    ["canceled", "delivered"],
    ["failed", "underway"],
    ["failed", "failed"],
    ["ready", "delivered"],
    ["in_transit", "announced"],
  ] as const)("does not move what is %s by %s", (from, said) => {
    expect(followParcel(aShipment(from, { trackingStatus: WORDS[said] }), tracking(said, 5), AT)).toBeUndefined();
  });

  test("is news on the way once, and not when it is older than what is known", () => {
    const first = followParcel(aShipment("in_transit"), tracking("underway", 5, "out_for_delivery"), AT);
    expect(first).toMatchObject({ shipment: { trackingStatus: "out_for_delivery" }, happening: { detail: "out for delivery" } });
    const known = first?.shipment ?? aShipment("in_transit");
    expect(followParcel(known, tracking("underway", 5, "out_for_delivery"), AT)).toBeUndefined();
    expect(followParcel(known, tracking("underway", 4), AT)).toBeUndefined();
  });

  test("ends the same in whatever order it is heard, and how often", () => {
    const story = [
      tracking("announced", 0),
      tracking("underway", 1),
      tracking("underway", 2, "out_for_delivery"),
      tracking("delivered", 3),
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...story), { maxLength: 12 }), (heard) => {
        let shipment = aShipment("in_transit");
        const events: string[] = [];
        for (const each of [...heard, tracking("delivered", 3)]) {
          const changed = followParcel(shipment, each, AT);
          if (changed?.happening.event !== undefined) events.push(changed.happening.event);
          shipment = changed?.shipment ?? shipment;
        }
        expect({ status: shipment.status, events }).toEqual({ status: "delivered", events: ["delivered"] });
      }),
    );
  });
});

test("by hand a parcel arrives once, and not before it went out", () => {
  expect(deliverByHand(aShipment("in_transit"), AT)).toMatchObject({ shipment: { status: "delivered", deliveredAt: AT } });
  expect(deliverByHand(aShipment("delivered"), AT)).toBeUndefined();
  expect(() => deliverByHand(aShipment("ready"), AT)).toThrow(expect.objectContaining({ reason: "SHIPMENT_STATUS" }));
});

test("nothing leads back, and what its carrier may have is not canceled", () => {
  const free = { buyingUntil: null };
  expect(SHIPMENT_MOVES.allowed("pending", free)).toEqual(["get ready", "cancel"]);
  expect(SHIPMENT_MOVES.allowed("ready", free)).toEqual(["ship", "cancel"]);
  expect(SHIPMENT_MOVES.allowed("ready", { buyingUntil: AT })).toEqual(["ship"]);
  expect(SHIPMENT_MOVES.allowed("in_transit", free)).toEqual(["deliver", "fail", "return"]);
  for (const end of ["delivered", "returned", "canceled"] as const) expect(SHIPMENT_MOVES.allowed(end, free)).toEqual([]);
});
