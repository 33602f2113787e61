import { newId, type Page, type PageRequest } from "@plinth/kernel/base";
import type { ServedChannel } from "./channel.ts";
import { SECURITY } from "./preferences.ts";
import { recipientKey } from "./recipient.ts";

export type DeliveryStatus = "pending" | "sent" | "failed";

/** What is sent, as it leaves. */
export interface Content {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Payload of webhook and inbox. */
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

/** One message over one channel, as the log has it. */
export interface Delivery {
  /** Also the Message-ID of the mail and the id of the webhook: who gets it twice can tell. */
  readonly id: string;
  readonly tenantId: string;
  readonly channel: ServedChannel;
  /** Empty where it is not known. */
  readonly userId: string;
  readonly destination: string;
  readonly recipientKey: string;
  /** Empty for a plain text. */
  readonly template: string;
  readonly templateVersion: number;
  readonly category: string;
  /** Without secrets: see `loggedSubject`. */
  readonly subject: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly lastError: string;
  /** The other side's id for it. */
  readonly providerId: string;
  readonly createdAt: Date;
  readonly nextAttemptAt: Date | null;
  readonly sentAt: Date | null;
}

/** A delivery that is to be made, with what it brings. */
export interface Outgoing {
  readonly delivery: Delivery;
  readonly content: Content;
}

export interface NewDelivery {
  readonly tenantId: string;
  readonly channel: ServedChannel;
  readonly userId: string;
  readonly destination: string;
  readonly template: string;
  readonly templateVersion: number;
  readonly category: string;
  /** Subject before its variables were filled in; undefined where there was no template. */
  readonly subjectSource: string | undefined;
  readonly content: Content;
  readonly dueAt: Date;
}

export function newDelivery(wanted: NewDelivery, now: Date): Outgoing {
  const { subjectSource, content, dueAt, ...known } = wanted;
  const delivery: Delivery = {
    ...known,
    id: newId("delivery"),
    recipientKey: recipientKey(wanted.channel, wanted.destination),
    subject: loggedSubject(wanted.category, content.subject, subjectSource),
    status: "pending",
    attempts: 0,
    lastError: "",
    providerId: "",
    createdAt: now,
    nextAttemptAt: dueAt,
    sentAt: null,
  };
  return { delivery, content };
}

/** The same content once more, as a delivery of its own. */
export function deliverAgain({ delivery, content }: Outgoing, now: Date): Outgoing {
  const fresh = { id: newId("delivery"), status: "pending", attempts: 0, lastError: "", providerId: "", sentAt: null } as const;
  return { delivery: { ...delivery, ...fresh, createdAt: now, nextAttemptAt: now }, content };
}

/** Messages about security may carry a code in their subject: the log shows the template's words, or nothing. */
function loggedSubject(category: string, subject: string, source: string | undefined): string {
  return category === SECURITY ? (source ?? "…") : subject;
}

export interface DeliveryFilter {
  readonly userId: string;
  readonly status: DeliveryStatus | undefined;
  readonly channel: string | undefined;
  readonly template: string;
}

export interface RecipientLimit {
  readonly requests: number;
  readonly perMs: number;
}

/** The delivery log, and the work that comes of it. */
export interface DeliveryStore {
  /**
   * The answer that was given for the key ("": none) within its life of a day; else undefined, and the key is taken until the transaction ends, and so are
   * the recipients whose shares are going to be looked at. Another transaction with the same key, or with one of them, waits for that.
   */
  claim(
    key: string,
    recipients: readonly Pick<Delivery, "channel" | "recipientKey">[],
    now: Date,
  ): Promise<readonly Delivery[] | undefined>;
  /**
   * Writes log and content, adds the delivery to the answer of the key that was claimed ("": none), and queues the work. Throws RATE_LIMITED, reason
   * RECIPIENT_RATE_LIMITED, when its recipient, who was claimed, has had the share that `limit` is; undefined: there is none.
   */
  insert(outgoing: Outgoing, dedupeKey: string, limit: RecipientLimit | undefined): Promise<void>;
  findDelivery(id: string): Promise<Delivery | undefined>;
  /** Undefined: removed after its keeping time. */
  findContent(id: string): Promise<Content | undefined>;
  listDeliveries(filter: DeliveryFilter, page: PageRequest): Promise<Page<Delivery>>;
  noteRedelivery(from: Delivery, to: Delivery): Promise<void>;
}
