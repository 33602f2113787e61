import { conflict, notFound, PlinthError, validation } from "@plinth/kernel/base";
import { type Channel, type ServedChannel, servedChannel } from "./channel.ts";
import type { Contact } from "./contact.ts";
import { type Content, type Delivery, deliverAgain, type NewDelivery, newDelivery, type Outgoing } from "./delivery.ts";
import type { SendingRules, Stores } from "./ports.ts";
import { NO_PREFERENCES, type Preferences, SECURITY, sendableAt, wants } from "./preferences.ts";
import { findDestination, getDestination, type Recipient } from "./recipient.ts";
import { channelsOf, findContent, getTemplate, type Template } from "./template.ts";
import { oneLine, renderLine, renderText, storable, type Variables } from "./template-language.ts";

/** Asks for a template to be sent. */
export interface TemplateOrder {
  readonly template: string;
  readonly recipient: Recipient;
  readonly variables: Variables;
  /** Empty: those of the template that reach the recipient. */
  readonly channels: readonly Channel[];
  /** Of the user, where the caller has asked for it already. */
  readonly contact?: Contact | undefined;
  /** Empty: none. Already apart from the keys of other callers. */
  readonly dedupeKey: string;
}

/** Asks for a text to be sent as it is. */
export interface TextOrder {
  readonly channel: Channel;
  readonly recipient: Recipient;
  readonly category: string;
  readonly content: Content;
  readonly dedupeKey: string;
}

export interface Sent {
  readonly deliveries: readonly Delivery[];
  /** The dedupe key was known: these are the deliveries of the first time. */
  readonly duplicate: boolean;
}

/** What is known about who gets a message. */
interface Addressee {
  readonly contact: Contact | undefined;
  readonly preferences: Preferences;
  readonly locale: string;
}

type Draft = Omit<NewDelivery, "tenantId" | "userId" | "dueAt">;

export async function sendTemplate(stores: Stores, rules: SendingRules, order: TemplateOrder, now: Date): Promise<Sent> {
  return once(stores, rules, order.dedupeKey, now, async () => {
    const template = await getTemplate(stores.templates, order.template);
    const addressee = await findAddressee(stores, order.recipient, order.contact);
    const channels = channelsFor(template, order, addressee.contact);
    const drafts = channels.map((channel) => {
      const destination = getDestination(channel, order.recipient, addressee.contact, rules.allowPrivateWebhooks);
      return { destination, ...renderFor(template, channel, addressee.locale, order.variables) };
    });
    return wanted(stores.tenantId, order.recipient, addressee, drafts, now);
  });
}

export async function sendText(stores: Stores, rules: SendingRules, order: TextOrder, now: Date): Promise<Sent> {
  const channel = servedChannel(order.channel);
  const content = { ...order.content, subject: oneLine(order.content.subject), text: storable(order.content.text) };
  if (channel !== "webhook" && content.subject === "") throw validation({ subject: `is needed for the channel ${channel}` });
  if (channel !== "email" && content.html !== "") throw validation({ html: "only mails have HTML" });
  return once(stores, rules, order.dedupeKey, now, async () => {
    const addressee = await findAddressee(stores, order.recipient);
    const destination = getDestination(channel, order.recipient, addressee.contact, rules.allowPrivateWebhooks);
    const plain = { template: "", templateVersion: 0, category: order.category, subjectSource: undefined };
    return wanted(stores.tenantId, order.recipient, addressee, [{ ...plain, channel, destination, content }], now);
  });
}

/** Delivers once more what is in the log. Throws NOT_FOUND or CONFLICT, reasons DELIVERY_NOT_FOUND, DELIVERY_PENDING, CONTENT_EXPIRED. */
export async function redeliver({ deliveries }: Stores, id: string, now: Date): Promise<Delivery> {
  const delivery = await deliveries.findDelivery(id);
  if (delivery === undefined) throw deliveryNotFound(id);
  if (delivery.status === "pending") {
    throw conflict(`Delivery ${id} is still on its way.`, { reason: "DELIVERY_PENDING", metadata: { id } });
  }
  const content = await deliveries.findContent(id);
  if (content === undefined) {
    throw conflict(`The content of delivery ${id} was removed after its keeping time.`, { reason: "CONTENT_EXPIRED", metadata: { id } });
  }
  const again = deliverAgain({ delivery, content }, now);
  await deliveries.insert(again, "", undefined);
  await deliveries.noteRedelivery(delivery, again.delivery);
  return again.delivery;
}

export function deliveryNotFound(id: string): Error {
  return notFound(`There is no delivery ${id}.`, { reason: "DELIVERY_NOT_FOUND", metadata: { id } });
}

/** What a template gives over one channel. Throws VALIDATION_ERROR for a channel it has no text for, and for a missing variable. */
export function renderFor(template: Template, channel: ServedChannel, locale: string, variables: Variables): Omit<Draft, "destination"> {
  const found = findContent(template, channel, locale);
  if (found === undefined) throw validation({ channels: `the template ${template.name} has no text for ${channel}` });
  const content: Content = {
    subject: renderLine(found.subject, variables),
    text: renderText(found.text, "text", variables),
    html: found.html === "" ? "" : renderText(found.html, "html", variables),
    data: undefined,
  };
  const { name, version, category } = template;
  return { channel, template: name, templateVersion: version, category, subjectSource: found.subject, content };
}

/** Queues what `prepare` answers, unless the key has its answer already, or a recipient has had too much. */
async function once(
  { deliveries }: Stores,
  { recipientLimit }: SendingRules,
  key: string,
  now: Date,
  prepare: () => Promise<Outgoing[]>,
): Promise<Sent> {
  const outgoing = await prepare().catch(async (error: unknown) => {
    // Whoever asks once more hears the first answer, even if what was sent then could not be sent any more.
    const known = error instanceof PlinthError && key !== "" ? await deliveries.claim(key, [], now) : undefined;
    if (known === undefined) throw error;
    return { known };
  });
  if ("known" in outgoing) return { deliveries: outgoing.known, duplicate: true };
  const limited = outgoing.map(({ delivery }) => delivery).filter(({ category }) => category !== SECURITY);
  const known = await deliveries.claim(key, limited, now);
  if (known !== undefined) return { deliveries: known, duplicate: true };
  for (const each of outgoing) await deliveries.insert(each, key, limited.includes(each.delivery) ? recipientLimit : undefined);
  return { deliveries: outgoing.map(({ delivery }) => delivery), duplicate: false };
}

async function findAddressee({ contacts, preferences }: Stores, { userId, locale }: Recipient, known?: Contact): Promise<Addressee> {
  const contact = known ?? (userId === "" ? undefined : await contacts.findContact(userId));
  const wanted = (userId === "" ? undefined : await preferences.findPreferences(userId)) ?? NO_PREFERENCES;
  return { contact, preferences: wanted, locale: locale || wanted.locale || contact?.locale || "en" };
}

/** Channels that were asked for must be there; of those the template merely has, the ones that reach the recipient are taken. */
function channelsFor(template: Template, order: TemplateOrder, contact: Contact | undefined): ServedChannel[] {
  if (order.channels.length > 0) return order.channels.map(servedChannel);
  const reaching = channelsOf(template).filter((channel) => findDestination(channel, order.recipient, contact) !== undefined);
  if (reaching.length > 0) return reaching;
  throw validation({ recipient: `is reached by none of the template's channels: ${channelsOf(template).join(", ")}` });
}

/** What the recipient wants to get, each as a delivery. */
function wanted(tenantId: string, { userId }: Recipient, { preferences }: Addressee, drafts: readonly Draft[], now: Date): Outgoing[] {
  return drafts
    .filter(({ category, channel }) => wants(preferences, category, channel))
    .map((draft) => newDelivery({ ...draft, tenantId, userId, dueAt: sendableAt(preferences, draft.category, now) }, now));
}
