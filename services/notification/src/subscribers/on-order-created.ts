import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { EventAddress, OrderCreatedSchema } from "@plinth/proto/order/v1/events_pb";
import { type SendOrderMail, shown, tellMoney } from "../domain/order-mail.ts";
import type { Stores } from "../domain/ports.ts";

/** Confirms the order, with its lines and what they cost. */
export function onOrderCreated(stores: (tx: Transaction) => Stores, send: SendOrderMail): EventHandler<typeof OrderCreatedSchema> {
  return async ({ number, userId, email, locale, lines, shippingAddress, shippingName, shipping, tax, total }, tx, { eventId }) => {
    const { first, more } = shown(lines);
    const variables = {
      number,
      lines: first.map(({ name, sku, quantity, gross }) => ({ name: name || sku, quantity: String(quantity), amount: tellMoney(gross) })),
      more,
      shipping_name: shippingName,
      shipping: tellMoney(shipping),
      tax: tellMoney(tax),
      total: tellMoney(total),
      address: addressLines(shippingAddress),
      name: shippingAddress?.name ?? "",
    };
    await send(stores(tx), { template: "order-created", userId, email, locale, variables, eventId });
  };
}

function addressLines(address: EventAddress | undefined): string[] {
  if (address === undefined) return [];
  const { name, company, line1, line2, postalCode, city, region, country } = address;
  return [name, company, line1, line2, `${postalCode} ${city}`.trim(), region, country].filter((line) => line !== "");
}
