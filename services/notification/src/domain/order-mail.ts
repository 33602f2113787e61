import { formatMoney, type Money } from "@plinth/kernel/base";
import type { SendingRules, Stores } from "./ports.ts";
import { sendTemplate } from "./send.ts";
import type { Variables } from "./template-language.ts";

/** A mail about an order, which an event gives rise to. */
export interface OrderMail {
  readonly template: "order-created" | "order-paid" | "order-shipped" | "order-delivered" | "order-refunded" | "order-canceled";
  /** Empty: a guest's order. */
  readonly userId: string;
  /** From the event; empty: the one that is known of the user. */
  readonly email: string;
  /** BCP 47; empty: the user's own. */
  readonly locale: string;
  /** `name` greets whoever has none that is known. */
  readonly variables: Variables & { readonly name?: string };
  /** Of the event: it is handled once, and a dead letter that is replayed later sends no second mail within a day. */
  readonly eventId: string;
}

export type SendOrderMail = (stores: Stores, mail: OrderMail) => Promise<void>;

/** Sends mails about orders, also to guests. Who cannot be reached gets none: no event is worth a failure for that. */
export function orderMailer(rules: () => SendingRules, now: () => Date): SendOrderMail {
  return async (stores, { template, userId, email, locale, variables, eventId }) => {
    const contact = userId === "" ? undefined : await stores.contacts.findContact(userId);
    if (email === "" && (contact?.email ?? "") === "") return;
    const order = {
      template,
      recipient: { userId, email, webhookUrl: "", locale },
      variables: { ...variables, name: contact?.firstName || variables.name || "" },
      channels: ["email"],
      contact,
      dedupeKey: `event ${eventId}`,
    } as const;
    await sendTemplate(stores, rules(), order, now());
  };
}

/** As mails tell an amount: `12.34 EUR`, `1200 JPY`. Empty for none. */
export function tellMoney(money: Pick<Money, "amount" | "currency"> | undefined): string {
  return money === undefined ? "" : `${formatMoney(money)} ${money.currency}`;
}

/** More would be no mail any more. */
const MOST_LINES = 100;

/** What is shown of a list, and how many are left out. */
export function shown<T>(lines: readonly T[]): { readonly first: readonly T[]; readonly more: number } {
  return { first: lines.slice(0, MOST_LINES), more: Math.max(0, lines.length - MOST_LINES) };
}
