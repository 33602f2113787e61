import { describe, expect, test } from "@jest/globals";
import { newId } from "@plinth/kernel/base";
import { type Carrier, CarrierRefusal, type Parcel } from "../src/domain/carrier.ts";
import type { Shipment } from "../src/domain/shipment.ts";
import { ADA, HAMBURG } from "./shipping-platform.ts";

export function aParcel(change: Partial<Shipment> = {}): Parcel {
  const at = new Date();
  const shipment: Shipment = {
    ...{ id: newId("shp"), tenantId: "default", orderId: "ord_1", orderNumber: "1", customerId: "", userId: "", email: "a@example.com" },
    ...{ locale: "", status: "ready", items: [], address: ADA, weightGrams: 1200n, optionCode: "", maxDays: 1, carrier: "" },
    ...{ carrierService: "", carrierName: "City Couriers", carrierShipmentId: null, trackerId: null, trackingNumber: "CC-1" },
    ...{ trackingUrl: "", labelUrl: "", trackingStatus: "", trackedAt: null, failureReason: "", buyingUntil: at, cancelWanted: false },
    ...{ estimatedDelivery: null, createdAt: at, updatedAt: at, shippedAt: null, deliveredAt: null },
    ...change,
  };
  return { shipment, from: HAMBURG };
}

/** What holds for every carrier. */
export function carrierContract(name: string, carrier: () => Carrier): void {
  describe(name, () => {
    test("takes a parcel on, and says who carries it under which number", async () => {
      const parcel = aParcel();
      carrier().check(parcel);
      const label = await carrier().buy(await carrier().announce(parcel), parcel);
      expect(label.carrierName).not.toBe("");
      expect(label.trackingNumber).not.toBe("");
    });

    test("takes it on once, however often it is asked", async () => {
      const parcel = aParcel();
      const announced = await carrier().announce(parcel);
      const first = await carrier().buy(announced, parcel);
      expect(await carrier().buy(announced, parcel)).toEqual(first);
      const many = await Promise.all([1, 2, 3].map(() => carrier().buy(announced, parcel)));
      expect(many).toEqual([first, first, first]);
    });

    test("has sold no label for what was announced alone", async () => {
      const parcel = aParcel();
      expect(await carrier().find(await carrier().announce(parcel))).toBeUndefined();
    });

    test("knows nothing of a parcel that it never had", async () => {
      await expect(carrier().track("trk_never_heard_of")).rejects.toBeInstanceOf(CarrierRefusal);
    });

    test("tells where a parcel is if it says that it does", async () => {
      const parcel = aParcel();
      const { trackerId } = await carrier().buy(await carrier().announce(parcel), parcel);
      expect(trackerId !== null).toBe(carrier().tracks);
      if (trackerId !== null) expect(await carrier().track(trackerId)).toMatchObject({ state: "announced", at: expect.any(Date) });
    });
  });
}
