import { type Address, newId, type Rate, type Shipment } from "./account.ts";

const SERVICES = [
  { carrier: "USPS", service: "GroundAdvantage", baseCents: 480, centsPerOunce: 5, days: 4 },
  { carrier: "USPS", service: "Priority", baseCents: 830, centsPerOunce: 8, days: 2 },
  { carrier: "UPS", service: "NextDayAir", baseCents: 3190, centsPerOunce: 21, days: 1 },
];
/** Longer on the way, and dearer, abroad. */
const ABROAD = { times: 3, days: 5 };
/** Where no carrier goes. */
const UNREACHABLE = "AQ";

/** What carriers ask for a parcel: the same for the same parcel. */
export function ratesFor(to: Address, from: Address, weight: number): Pick<Shipment, "rates" | "messages"> {
  if (to.country === UNREACHABLE) {
    return { rates: [], messages: [{ carrier: "USPS", type: "rate_error", message: "The destination is not served." }] };
  }
  const isAbroad = to.country !== from.country;
  const rates = SERVICES.map(({ carrier, service, baseCents, centsPerOunce, days }): Rate => {
    const cents = (baseCents + Math.ceil(weight * centsPerOunce)) * (isAbroad ? ABROAD.times : 1);
    return { id: newId("rate"), carrier, service, rate: (cents / 100).toFixed(2), deliveryDays: days + (isAbroad ? ABROAD.days : 0) };
  });
  // In no order that anybody could rely on.
  return { rates: rates.reverse(), messages: [] };
}
