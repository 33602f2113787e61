import type { Account, Rate, Shipment, Tracker } from "./account.ts";

/** What EasyPost shows. `url`: where it is reached, for links. */
export function presentShipment(account: Account, shipment: Shipment, url: string): object {
  const { id, createdAt, reference, to, from, weight, rates, messages, selectedRate, trackerId } = shipment;
  const tracker = trackerId === undefined ? undefined : account.trackers.get(trackerId);
  return {
    ...{ id, object: "Shipment", mode: "test", created_at: createdAt, updated_at: tracker?.updatedAt ?? createdAt, reference },
    ...{ to_address: to, from_address: from, parcel: { object: "Parcel", weight } },
    ...{ rates: rates.map((rate) => presentRate(rate, id)), messages },
    selected_rate: selectedRate === undefined ? null : presentRate(selectedRate, id),
    tracking_code: tracker?.trackingCode ?? null,
    postage_label: selectedRate === undefined ? null : { object: "PostageLabel", label_url: `${url}/simulator/labels/${id}` },
    tracker: tracker === undefined ? null : presentTracker(tracker, url),
    ...{ status: tracker?.status ?? "unknown", refund_status: null },
  };
}

export function presentTracker(tracker: Tracker, url: string): object {
  const { id, createdAt, updatedAt, shipmentId, trackingCode, carrier, status, estimatedDelivery, details } = tracker;
  return {
    ...{ id, object: "Tracker", mode: "test", created_at: createdAt, updated_at: updatedAt, shipment_id: shipmentId },
    ...{ tracking_code: trackingCode, carrier, status, est_delivery_date: estimatedDelivery },
    public_url: `${url}/simulator/track/${trackingCode}`,
    tracking_details: details.map((detail) => ({ object: "TrackingDetail", ...detail })),
  };
}

function presentRate({ id, carrier, service, rate, deliveryDays }: Rate, shipmentId: string): object {
  const price = { rate, currency: "USD", delivery_days: deliveryDays };
  return { id, object: "Rate", mode: "test", carrier, service, ...price, shipment_id: shipmentId };
}
