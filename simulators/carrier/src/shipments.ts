import { randomInt } from "node:crypto";
import { type Account, type Address, newId, type Shipment, type Tracker } from "./account.ts";
import { badParameter, EasyPostError, notFound } from "./easypost-error.ts";
import { ratesFor } from "./rates.ts";

const DAY_MS = 86_400_000;

export function createShipment(account: Account, parameters: unknown): Shipment {
  const wanted = field(parameters, "shipment");
  const to = addressOf(field(wanted, "to_address"), "to_address");
  const from = addressOf(field(wanted, "from_address"), "from_address");
  const weight = Number(field(field(wanted, "parcel"), "weight"));
  if (!(weight > 0)) throw badParameter("parcel.weight must be more than 0 ounces");
  const shipment: Shipment = {
    ...{ id: newId("shp"), createdAt: new Date().toISOString(), reference: String(field(wanted, "reference") ?? "") },
    ...{ to, from, weight, ...ratesFor(to, from, weight), selectedRate: undefined, trackerId: undefined },
  };
  account.shipments.set(shipment.id, shipment);
  return shipment;
}

export function getShipment({ shipments }: Account, id: string): Shipment {
  const shipment = shipments.get(id);
  if (shipment === undefined) throw notFound();
  return shipment;
}

/** Buys the label, once. */
export function buyLabel(account: Account, shipment: Shipment, parameters: unknown): void {
  if (shipment.selectedRate !== undefined) {
    throw new EasyPostError(422, "SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment.");
  }
  const rateId = field(field(parameters, "rate"), "id");
  const rate = shipment.rates.find(({ id }) => id === rateId);
  if (rate === undefined) throw new EasyPostError(422, "SHIPMENT.RATE.UNAVAILABLE", "The rate is not one of this shipment's.");
  const now = new Date();
  const tracker: Tracker = {
    ...{ id: newId("trk"), createdAt: now.toISOString(), updatedAt: now.toISOString(), shipmentId: shipment.id, carrier: rate.carrier },
    trackingCode: `9400${String(randomInt(1e9)).padStart(9, "0")}${String(randomInt(1e9)).padStart(9, "0")}`,
    status: "pre_transit",
    estimatedDelivery: new Date(now.getTime() + rate.deliveryDays * DAY_MS).toISOString(),
    details: [{ status: "pre_transit", message: "Label created", datetime: now.toISOString() }],
  };
  shipment.selectedRate = rate;
  shipment.trackerId = tracker.id;
  account.trackers.set(tracker.id, tracker);
  account.emit("tracker.created", tracker, "unknown");
}

export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function addressOf(value: unknown, name: string): Address {
  const address = Object.fromEntries(Object.entries(value ?? {}).map(([key, text]) => [key, String(text)]));
  for (const needed of ["street1", "city", "country"]) {
    if (!address[needed]) throw new EasyPostError(422, "ADDRESS.PARAMETERS.INVALID", `${name}.${needed} is missing`);
  }
  return address;
}
