import { conflict, type PlinthError, unavailable } from "@plinth/kernel/base";
import { type Carrier, CarrierRefusal, type Label } from "./carrier.ts";
import { estimateDelivery } from "./delivery-estimate.ts";
import { SHIPMENT_MOVES, type Shipment } from "./shipment.ts";
import type { Decision, ShipmentStore } from "./shipment-store.ts";

/** What the work on shipments stands on. */
export interface ShippingPorts {
  readonly store: ShipmentStore;
  readonly carriers: ReadonlyMap<string, Carrier>;
  now(): Date;
  /** How long buying a label belongs to whoever began it; longer than the carrier may take. */
  leaseMs(): number;
}

/**
 * Buys the label of a shipment that is ours to buy, in steps that a death between any two of them does not double: announce it (free), note the
 * carrier's name for it, buy under that name (once, whoever asks), note the label. Throws CONFLICT, reason CARRIER_REFUSED; SERVICE_UNAVAILABLE,
 * reason LABEL_UNCERTAIN, where the carrier does not say what became of it: then the shipment waits for whoever comes next.
 */
export async function buyLabel(ports: ShippingPorts, taken: Shipment): Promise<void> {
  const carrier = ports.carriers.get(taken.carrier);
  const found = await ports.store.findShipment(taken.id);
  if (carrier === undefined || found === undefined) throw new Error(`Shipment ${taken.id} has lost its carrier ${taken.carrier}.`);
  const parcel = { shipment: taken, from: found.entity.address };
  let label: Label | undefined;
  try {
    if (taken.cancelWanted) {
      label = taken.carrierShipmentId === null ? undefined : await carrier.find(taken.carrierShipmentId);
      if (label === undefined) return noteCancellation(ports, taken);
      return noteLabel(ports, taken, label);
    }
    const announced = taken.carrierShipmentId ?? (await noteAnnouncement(ports, taken, await carrier.announce(parcel)));
    label = await carrier.buy(announced, parcel);
  } catch (error) {
    if (error instanceof CarrierRefusal) return noteRefusal(ports, taken, error);
    return giveUp(ports, taken, error);
  }
  await noteLabel(ports, taken, label);
}

/** Whose label was being bought when its order was canceled, and was not bought. Throws CONFLICT, reason SHIPMENT_STATUS: it will not go out. */
async function noteCancellation({ store, now }: ShippingPorts, taken: Shipment): Promise<never> {
  await store.change(taken.id, ({ shipment }): Decision<void> => {
    if (!isMine(shipment, taken)) return { result: undefined };
    return { result: undefined, shipment: canceled(shipment, now()), happening: { detail: "canceled; its label had not been bought" } };
  });
  SHIPMENT_MOVES.next("canceled", "ship", taken);
  throw new Error("A canceled shipment was shipped.");
}

function canceled(shipment: Shipment, at: Date): Shipment {
  const free = { ...shipment, carrierShipmentId: null, buyingUntil: null, cancelWanted: false, updatedAt: at };
  return { ...free, status: SHIPMENT_MOVES.next(free.status, "cancel", free) };
}

/** Whether nobody took it over since. */
function isMine(shipment: Shipment, taken: Shipment): boolean {
  return shipment.status === "ready" && shipment.buyingUntil?.getTime() === taken.buyingUntil?.getTime();
}

/** Whoever took it over in the meantime has the last word on what it is called there. */
function noteAnnouncement({ store, now }: ShippingPorts, taken: Shipment, announced: string): Promise<string> {
  return store.change(taken.id, ({ shipment }): Decision<string> => {
    if (shipment.carrierShipmentId !== null) return { result: shipment.carrierShipmentId };
    return { result: announced, shipment: { ...shipment, carrierShipmentId: announced, updatedAt: now() } };
  });
}

function noteLabel({ store, now }: ShippingPorts, taken: Shipment, label: Label): Promise<void> {
  return store.change(taken.id, ({ shipment, entity }): Decision<void> => {
    if (shipment.status !== "ready") return { result: undefined };
    const at = now();
    const shipped: Shipment = {
      ...shipment,
      ...label,
      status: SHIPMENT_MOVES.next(shipment.status, "ship", shipment),
      estimatedDelivery: label.estimatedDelivery ?? estimateDelivery(at, shipment.maxDays, entity),
      buyingUntil: null,
      cancelWanted: false,
      shippedAt: at,
      updatedAt: at,
    };
    const by = label.carrierName === "" ? shipment.carrier : label.carrierName;
    const late = shipment.cancelWanted ? ", too late to cancel it" : "";
    return { result: undefined, shipment: shipped, happening: { detail: `handed over to ${by}${late}`, event: "shipped" } };
  });
}

async function noteRefusal({ store, now }: ShippingPorts, taken: Shipment, refusal: CarrierRefusal): Promise<never> {
  await store.change(taken.id, ({ shipment }): Decision<void> => {
    if (!isMine(shipment, taken)) return { result: undefined };
    const detail = `refused by ${shipment.carrier}: ${refusal.message}`;
    if (shipment.cancelWanted)
      return { result: undefined, shipment: canceled(shipment, now()), happening: { detail: `canceled; ${detail}` } };
    // Announced anew next time: what was refused may have been about what it was announced as.
    const free: Shipment = { ...shipment, carrierShipmentId: null, buyingUntil: null, updatedAt: now() };
    return { result: undefined, shipment: free, happening: { detail } };
  });
  throw refusedBy(taken, refusal);
}

/** Nobody knows what became of it. Whoever comes next need not wait for the lease to end. */
async function giveUp({ store, now }: ShippingPorts, taken: Shipment, cause: unknown): Promise<never> {
  await store.change(taken.id, ({ shipment }): Decision<void> => {
    return isMine(shipment, taken) ? { result: undefined, shipment: { ...shipment, buyingUntil: now() } } : { result: undefined };
  });
  throw unavailable("The carrier does not say what became of the label. Repeat the call: none is bought twice.", {
    reason: "LABEL_UNCERTAIN",
    metadata: { shipment_id: taken.id },
    retryAfterSeconds: 1,
    cause,
  });
}

function refusedBy({ id, carrier }: Shipment, { code, message }: CarrierRefusal): PlinthError {
  return conflict(`${carrier} refused shipment ${id}: ${message}`, { reason: "CARRIER_REFUSED", metadata: { shipment_id: id, code } });
}
