import { EntitySchema } from "typeorm";
import type { Delivery } from "../domain/delivery.ts";
import type { InboxMessage } from "../domain/inbox.ts";

/** A delivery's row: the delivery, and until when an attempt is being made. */
export const DeliveryEntity = new EntitySchema<Delivery & { readonly claimedUntil: Date | null }>({
  name: "Delivery",
  tableName: "deliveries",
  columns: {
    id: { type: "text", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    channel: { type: "text" },
    userId: { type: "text", name: "user_id" },
    destination: { type: "text" },
    recipientKey: { type: "text", name: "recipient_key" },
    template: { type: "text" },
    templateVersion: { type: "integer", name: "template_version" },
    category: { type: "text" },
    subject: { type: "text" },
    status: { type: "text" },
    attempts: { type: "integer" },
    lastError: { type: "text", name: "last_error" },
    providerId: { type: "text", name: "provider_id" },
    createdAt: { type: "timestamptz", name: "created_at" },
    nextAttemptAt: { type: "timestamptz", name: "next_attempt_at", nullable: true },
    sentAt: { type: "timestamptz", name: "sent_at", nullable: true },
    claimedUntil: { type: "timestamptz", name: "claimed_until", nullable: true, select: false },
  },
});

export const InboxEntity = new EntitySchema<InboxMessage>({
  name: "InboxMessage",
  tableName: "inbox_messages",
  columns: {
    id: { type: "text", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    userId: { type: "text", name: "user_id" },
    category: { type: "text" },
    subject: { type: "text" },
    text: { type: "text" },
    data: { type: "json", nullable: true },
    createdAt: { type: "timestamptz", name: "created_at" },
    readAt: { type: "timestamptz", name: "read_at", nullable: true },
  },
});
