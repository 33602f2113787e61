import type { SendingRules, Stores } from "./ports.ts";
import { sendTemplate } from "./send.ts";
import type { Variables } from "./template-language.ts";

/** A mail about an account, which an event gives rise to. */
export interface AccountMail {
  readonly template: "welcome" | "password-changed" | "new-device" | "session-reuse";
  readonly userId: string;
  /** From the event; empty: the one that is known. */
  readonly email: string;
  readonly variables: Variables;
  /** Of the event: it is handled once, and a dead letter that is replayed later sends no second mail within a day. */
  readonly eventId: string;
}

export type SendAccountMail = (stores: Stores, mail: AccountMail) => Promise<void>;

/** Sends mails about accounts. A user without a known address gets none: no event is worth a failure for that. */
export function accountMailer(rules: () => SendingRules, now: () => Date): SendAccountMail {
  return async (stores, { template, userId, email, variables, eventId }) => {
    const contact = await stores.contacts.findContact(userId);
    if (email === "" && (contact?.email ?? "") === "") return;
    const order = {
      template,
      recipient: { userId, email, webhookUrl: "", locale: "" },
      variables: { ...variables, first_name: contact?.firstName ?? "" },
      channels: ["email"],
      contact,
      dedupeKey: `event ${eventId}`,
    } as const;
    await sendTemplate(stores, rules(), order, now());
  };
}

/** A moment as mails tell it: in the reader's language, in a time that is the same everywhere. */
export function tellTime(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
