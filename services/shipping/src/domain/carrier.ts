import type { Address } from "./address.ts";
import type { Shipment } from "./shipment.ts";

/** What a carrier is to bring. */
export interface Parcel {
  readonly shipment: Shipment;
  /** Null: not said. */
  readonly from: Address | null;
}

/** What a carrier says once it has taken a parcel on. */
export interface Label {
  /** For people: "USPS". */
  readonly carrierName: string;
  readonly carrierService: string;
  readonly trackingNumber: string;
  readonly trackingUrl: string;
  readonly labelUrl: string;
  /** Null: nobody follows the parcel. */
  readonly trackerId: string | null;
  /** Null: it does not say. */
  readonly estimatedDelivery: Date | null;
}

/** Where a parcel is, as far as it changes something here. `underway`: anything between label and door. */
export type ParcelState = "announced" | "underway" | "delivered" | "failed" | "returned";

/** All that a carrier says of a parcel now. It is read whole, so the order in which news arrive does not matter. */
export interface Tracking {
  readonly state: ParcelState;
  /** The carrier's own word: "out_for_delivery". */
  readonly status: string;
  /** For people; may be empty. */
  readonly detail: string;
  /** When the carrier last changed it, by its own clock. */
  readonly at: Date;
  /** Null: it does not say. */
  readonly estimatedDelivery: Date | null;
}

/**
 * Brings parcels. Throws `CarrierRefusal` where nothing was done and asking again as it was will not help; anything else thrown means that nobody
 * knows.
 */
export interface Carrier {
  readonly name: string;
  /** True: it tells where parcels are, and nobody else needs to. */
  readonly tracks: boolean;
  /** Throws CONFLICT where it lacks something that it needs: an address. */
  check(parcel: Parcel): void;
  /** Tells it of a parcel, and costs nothing: whoever is not sure whether it was told tells it again. Answers its name for it. */
  announce(parcel: Parcel): Promise<string>;
  /** Buys the label of an announced parcel, or answers the one that was bought: there is one at most, however often and from wherever this is called. */
  buy(announced: string, parcel: Parcel): Promise<Label>;
  /** The label of an announced parcel; undefined where none was bought. */
  find(announced: string): Promise<Label | undefined>;
  /** Throws where the carrier knows of no such tracker. */
  track(trackerId: string): Promise<Tracking>;
}

/** The carrier said no. */
export class CarrierRefusal extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CarrierRefusal";
    this.code = code;
  }
}
