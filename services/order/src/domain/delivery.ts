import { conflict, type PlinthError } from "@plinth/kernel/base";

/** A place to ship to. */
export interface Address {
  readonly name: string;
  readonly company: string;
  readonly line1: string;
  readonly line2: string;
  readonly city: string;
  readonly region: string;
  readonly postalCode: string;
  /** ISO 3166 alpha-2. */
  readonly country: string;
  readonly phone: string;
}

/** A way to ship, as it was offered. JSON: the price is minor units as a decimal string, as the shop shows prices. */
export interface ShippingChoice {
  readonly code: string;
  readonly name: string;
  readonly price: string;
  readonly carrier: string;
  readonly minDays: number;
  readonly maxDays: number;
}

export interface RefusedChoice {
  readonly code: string;
  readonly name: string;
  /** For people. */
  readonly reason: string;
}

export function optionUnavailable(code: string, why: string): PlinthError {
  return conflict(`The shipping option ${code} cannot be had: ${why} Choose another one.`, {
    reason: "SHIPPING_OPTION_UNAVAILABLE",
    metadata: { code, why },
  });
}
