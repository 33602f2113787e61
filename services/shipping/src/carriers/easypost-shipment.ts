import { parseMoney } from "@plinth/kernel/base";
import { CarrierRefusal, type Label, type ParcelState, type Tracking } from "../domain/carrier.ts";

interface EasyPostRate {
  readonly id: string;
  readonly carrier: string;
  readonly service: string;
  /** Decimal: "7.58". */
  readonly rate: string;
  readonly currency: string;
}

/** A shipment as EasyPost shows it, as far as it is read. */
export interface EasyPostShipment {
  readonly id: string;
  readonly rates: readonly EasyPostRate[];
  /** Why carriers offer nothing. */
  readonly messages?: readonly { readonly carrier?: string; readonly message?: string }[];
  readonly selected_rate: EasyPostRate | null;
  readonly tracking_code: string | null;
  readonly postage_label: { readonly label_url: string } | null;
  readonly tracker: EasyPostTracker | null;
}

export interface EasyPostTracker {
  readonly id: string;
  readonly status: string;
  readonly public_url: string | null;
  readonly est_delivery_date: string | null;
  readonly updated_at: string;
  /** Oldest first. */
  readonly tracking_details: readonly { readonly message: string | null }[];
}

/** EasyPost's words that change something; others ("unknown", "cancelled") say nothing of where the parcel is. */
const STATE: Readonly<Record<string, ParcelState>> = {
  in_transit: "underway",
  out_for_delivery: "underway",
  available_for_pickup: "underway",
  delivered: "delivered",
  failure: "failed",
  error: "failed",
  return_to_sender: "returned",
};

/** Undefined where no label was bought. */
export function labelOf({ postage_label: label, selected_rate: rate, tracking_code: code, tracker }: EasyPostShipment): Label | undefined {
  if (label === null) return undefined;
  return {
    carrierName: rate?.carrier ?? "",
    carrierService: rate?.service ?? "",
    trackingNumber: code ?? "",
    trackingUrl: tracker?.public_url ?? "",
    labelUrl: label.label_url,
    trackerId: tracker?.id ?? null,
    estimatedDelivery: dateOf(tracker?.est_delivery_date),
  };
}

/** @param service Empty: any. Throws `CarrierRefusal` where there is none. */
export function cheapestRate({ rates, messages = [] }: EasyPostShipment, service: string): EasyPostRate {
  const currency = rates[0]?.currency ?? "";
  const offered = rates.filter((rate) => rate.currency === currency && (service === "" || rate.service === service));
  const [first, ...others] = offered;
  if (first === undefined) {
    const why = messages.map(({ carrier = "", message = "" }) => `${carrier}: ${message}`).join("; ");
    const what = service === "" ? "No carrier offers a rate" : `No carrier offers the service ${service}`;
    throw new CarrierRefusal("NO_RATE", `${what}${why === "" ? "" : ` (${why})`}.`);
  }
  return others.reduce((best, rate) => (amountOf(rate) < amountOf(best) ? rate : best), first);
}

export function trackingOf(tracker: EasyPostTracker): Tracking {
  return {
    state: STATE[tracker.status] ?? "announced",
    status: tracker.status,
    detail: tracker.tracking_details.at(-1)?.message ?? "",
    at: new Date(tracker.updated_at),
    estimatedDelivery: dateOf(tracker.est_delivery_date),
  };
}

function amountOf({ rate, currency }: EasyPostRate): bigint {
  return parseMoney(rate, currency).amount;
}

function dateOf(text: string | null | undefined): Date | null {
  return text === null || text === undefined ? null : new Date(text);
}
