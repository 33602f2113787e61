import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { InboxMessageSchema } from "@plinth/proto/notification/v1/notification_pb";
import type { InboxMessage } from "../domain/inbox.ts";

export function inboxMessage(message: InboxMessage): MessageInitShape<typeof InboxMessageSchema> {
  const { id, category, subject, text, data, createdAt, readAt } = message;
  return {
    id,
    category,
    subject,
    text,
    createdAt: timestampFromDate(createdAt),
    ...(data === null ? {} : { data: data as JsonObject }),
    ...(readAt === null ? {} : { readAt: timestampFromDate(readAt) }),
  };
}
