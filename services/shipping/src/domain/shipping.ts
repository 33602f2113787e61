import { setTimeout as delay } from "node:timers/promises";
import { conflict, newId, type PlinthError, runInContext } from "@plinth/kernel/base";
import { buyLabel, type ShippingPorts } from "./buy-label.ts";
import { type Changed, makeReady } from "./order-shipments.ts";
import { isShipped, labelInDoubt, SHIPMENT_MOVES, type Shipment } from "./shipment.ts";
import type { Decision, ShipmentName } from "./shipment-store.ts";
import { deliverByHand, followParcel } from "./tracking.ts";

/** What is told of a parcel whose carrier tells nothing itself; empty: not said. */
export interface HandoverNotes {
  readonly trackingNumber: string;
  readonly trackingUrl: string;
  readonly carrierName: string;
}

/** What can be done with shipments. Each call may be repeated, and then does nothing twice. */
export interface Shipping {
  markReady(id: string): Promise<void>;
  ship(id: string, notes: HandoverNotes): Promise<void>;
  markDelivered(id: string): Promise<void>;
  /** Asks the carrier how the parcel is. Throws SERVICE_UNAVAILABLE, reason SHIPMENT_BUSY, for one that is on its way before its label was noted. */
  follow(id: string, trackerId: string): Promise<void>;
  /** Finishes what dead processes left; answers how many shipments it worked on. */
  resumeAbandoned(): Promise<number>;
}

type Turn = { readonly kind: "done" | "busy" } | { readonly kind: "mine"; readonly shipment: Shipment };

/** How long a call waits for another one that buys the same label. */
const PATIENCE_MS = 2000;
const LOOK_AGAIN_MS = 25;
const ABANDONED_AT_ONCE = 50;

export function createShipping(ports: ShippingPorts): Shipping {
  const { store, carriers, now } = ports;

  async function ship(id: string, notes?: HandoverNotes): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const turn = await store.change(id, ({ shipment, entity }): Decision<Turn> => {
        if (isShipped(shipment)) return { result: { kind: "done" } };
        SHIPMENT_MOVES.next(shipment.status, "ship", shipment);
        if (shipment.buyingUntil !== null && shipment.buyingUntil > now()) return { result: { kind: "busy" } };
        const carrier = carriers.get(shipment.carrier);
        if (carrier === undefined) throw carrierMissing(shipment);
        carrier.check({ shipment, from: entity.address });
        const buyingUntil = new Date(now().getTime() + ports.leaseMs());
        const taken = { ...shipment, ...(carrier.tracks ? {} : (notes ?? {})), buyingUntil, updatedAt: now() };
        return { result: { kind: "mine", shipment: taken }, shipment: taken };
      });
      if (turn.kind === "done") return;
      if (turn.kind === "mine") return buyLabel(ports, turn.shipment);
      if (performance.now() > giveUpAt) throw labelInDoubt(id);
      await delay(LOOK_AGAIN_MS);
    }
  }

  return {
    ship,

    markReady: (id) =>
      store.change(id, (found) => {
        if (found.shipment.status !== "ready") SHIPMENT_MOVES.next(found.shipment.status, "get ready", found.shipment);
        return decided(makeReady(found, "released before it was paid", now(), now()));
      }),

    markDelivered: (id) =>
      store.change(id, ({ shipment }) => {
        if (shipment.status !== "delivered" && carriers.get(shipment.carrier)?.tracks) throw carrierTracks(shipment);
        return decided(deliverByHand(shipment, now()));
      }),

    async follow(id, trackerId) {
      const found = await store.findShipment(id);
      const carrier = carriers.get(found?.shipment.carrier ?? "");
      if (carrier === undefined) return;
      const tracking = await carrier.track(trackerId);
      await store.change(id, ({ shipment }) => {
        // The carrier was faster than its own answer: it tells again, and then the label is noted.
        if (!isShipped(shipment) && shipment.status !== "canceled" && tracking.state !== "announced") throw labelInDoubt(id);
        return decided(followParcel(shipment, tracking, now()));
      });
    },

    async resumeAbandoned() {
      const abandoned = await store.listAbandoned(now(), ABANDONED_AT_ONCE);
      for (const name of abandoned) {
        // One that cannot be settled now must not hold up the others; it comes again.
        await inTenant(name, () => ship(name.id)).catch(() => undefined);
      }
      return abandoned.length;
    },
  };
}

/** Runs work that no request asked for. */
export function inTenant<T>({ tenantId }: ShipmentName, work: () => Promise<T>): Promise<T> {
  const signal = new AbortController().signal;
  return runInContext({ requestId: newId("req"), traceId: "", module: "shipping", tenantId, signal }, work);
}

function decided(changed: Changed | undefined): Decision<void> {
  return { result: undefined, ...changed };
}

function carrierMissing({ id, carrier }: Shipment): PlinthError {
  return conflict(`The carrier ${carrier} of shipment ${id} is not set up.`, { reason: "CARRIER_MISSING", metadata: { carrier } });
}

function carrierTracks({ id, carrier }: Shipment): PlinthError {
  return conflict(`${carrier} tells itself when shipment ${id} has arrived.`, { reason: "CARRIER_TRACKS", metadata: { carrier } });
}
