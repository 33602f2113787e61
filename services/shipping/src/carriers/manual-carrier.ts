import { type Carrier, CarrierRefusal } from "../domain/carrier.ts";

/** Couriers, the post office, pick-up: nobody is asked. What was noted with the shipment is all there is to know. */
export const manualCarrier: Carrier = {
  name: "manual",
  tracks: false,
  check() {
    // Whoever carries it by hand needs nothing printed.
  },
  announce: async ({ shipment }) => `manual_${shipment.id}`,
  async buy(_announced, { shipment }) {
    const { carrierName, carrierService, trackingNumber, trackingUrl } = shipment;
    return { carrierName, carrierService, trackingNumber, trackingUrl, labelUrl: "", trackerId: null, estimatedDelivery: null };
  },
  find: async () => undefined,
  async track(trackerId) {
    throw new CarrierRefusal("unknown_tracker", `Nobody follows ${trackerId}.`);
  },
};
