import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEasyPostCarrier } from "../src/carriers/easypost-carrier.ts";
import { manualCarrier } from "../src/carriers/manual-carrier.ts";
import { type Carrier, CarrierRefusal } from "../src/domain/carrier.ts";
import { aParcel, carrierContract } from "./carrier-contract.ts";
import { ADA } from "./shipping-platform.ts";
import { type SimulatorProcess, startSimulatorProcess } from "./simulator.ts";

let simulator: SimulatorProcess;
let easypost: Carrier;

beforeAll(async () => {
  simulator = await startSimulatorProcess();
  easypost = createEasyPostCarrier({ url: simulator.url, apiKey: "EZTK_simulator", timeoutMs: 500 });
});
afterAll(() => simulator.stop());

carrierContract("manual", () => manualCarrier);
carrierContract("easypost", () => easypost);

describe("easypost", () => {
  const bought = async (service = "") => {
    const parcel = aParcel({ carrierService: service });
    return easypost.buy(await easypost.announce(parcel), parcel);
  };

  test("sells the cheapest service, or the one that is asked for, and shows the label", async () => {
    expect(await bought()).toMatchObject({ carrierName: "USPS", carrierService: "GroundAdvantage" });
    const label = await bought("NextDayAir");
    expect(label).toMatchObject({ carrierName: "UPS", carrierService: "NextDayAir", estimatedDelivery: expect.any(Date) });
    const image = await fetch(label.labelUrl);
    expect(image.headers.get("content-type")).toMatch("image/svg+xml");
    expect(await image.text()).toContain(label.trackingNumber);
    expect(await (await fetch(label.trackingUrl)).text()).toContain("Label created");
  });

  test.each([
    ["a service that nobody has", () => bought("Teleport"), "NO_RATE"],
    ["a place that nobody goes to", () => refusedAt({ ...ADA, country: "AQ" }), "NO_RATE"],
    ["an address without a street", () => refusedAt({ ...ADA, line1: "" }), "ADDRESS.PARAMETERS.INVALID"],
  ])("refuses %s", async (_what, work, code) => {
    await expect(work()).rejects.toMatchObject({ name: "CarrierRefusal", code });
  });
  async function refusedAt(address: typeof ADA) {
    const parcel = aParcel({ address });
    return easypost.buy(await easypost.announce(parcel), parcel);
  }

  test("must know where parcels come from", () => {
    expect(() => easypost.check({ ...aParcel(), from: null })).toThrow(expect.objectContaining({ reason: "ADDRESS_MISSING" }));
  });

  test.each(["drop-before", "drop-after", "hang-after", "error-before", "error-after"])(
    "does not take %s for a refusal, and sells no second label",
    async (kind) => {
      const before = await simulator.labels();
      const parcel = aParcel();
      const announced = await easypost.announce(parcel);
      await simulator.fault(kind, "buy$");
      const first = await easypost.buy(announced, parcel).catch((error: unknown) => error);
      if (kind.endsWith("after")) expect(first).toMatchObject({ carrierName: "USPS" });
      else expect(first).toBeInstanceOf(Error);
      expect(first).not.toBeInstanceOf(CarrierRefusal);
      const label = await easypost.buy(announced, parcel);
      expect(await easypost.find(announced)).toEqual(label);
      expect(await simulator.labels()).toBe(before + 1);
    },
  );

  test("takes a carrier's no for a no", async () => {
    const parcel = aParcel();
    const announced = await easypost.announce(parcel);
    await simulator.fault("refuse", "buy$");
    await expect(easypost.buy(announced, parcel)).rejects.toMatchObject({ code: "SHIPMENT.POSTAGE.FAILURE" });
    expect(await easypost.find(announced)).toBeUndefined();
  });

  test.each([
    ["in_transit", "underway"],
    ["out_for_delivery", "underway"],
    ["available_for_pickup", "underway"],
    ["delivered", "delivered"],
    ["failure", "failed"],
    ["return_to_sender", "returned"],
  ])("tells that a parcel is %s", async (status, state) => {
    const { trackerId, trackingNumber } = await bought();
    await simulator.move(trackingNumber, status);
    expect(await easypost.track(trackerId ?? "")).toMatchObject({ status, state });
  });
});
