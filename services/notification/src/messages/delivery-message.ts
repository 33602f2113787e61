import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { DeliverySchema } from "@plinth/proto/notification/v1/notification_pb";
import type { Delivery } from "../domain/delivery.ts";
import { maskDestination } from "../domain/recipient.ts";
import { CHANNEL, DELIVERY_STATUS } from "./enums.ts";

export function deliveryMessage(delivery: Delivery): MessageInitShape<typeof DeliverySchema> {
  const { id, userId, template, templateVersion, category, subject, attempts, lastError, providerId } = delivery;
  const { createdAt, nextAttemptAt, sentAt } = delivery;
  return {
    id,
    userId,
    template,
    templateVersion,
    category,
    subject,
    attempts,
    lastError,
    providerId,
    channel: CHANNEL[delivery.channel],
    destination: maskDestination(delivery.channel, delivery.destination),
    status: DELIVERY_STATUS[delivery.status],
    createdAt: timestampFromDate(createdAt),
    ...(nextAttemptAt === null ? {} : { nextAttemptAt: timestampFromDate(nextAttemptAt) }),
    ...(sentAt === null ? {} : { sentAt: timestampFromDate(sentAt) }),
  };
}
