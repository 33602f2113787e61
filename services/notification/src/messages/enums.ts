import { Channel as ChannelMessage, DeliveryStatus as StatusMessage } from "@plinth/proto/notification/v1/notification_pb";
import type { Channel } from "../domain/channel.ts";
import type { DeliveryStatus } from "../domain/delivery.ts";

export const CHANNEL: Record<Channel, ChannelMessage> = {
  email: ChannelMessage.EMAIL,
  sms: ChannelMessage.SMS,
  push: ChannelMessage.PUSH,
  webhook: ChannelMessage.WEBHOOK,
  "in-app": ChannelMessage.IN_APP,
};

export const DELIVERY_STATUS: Record<DeliveryStatus, StatusMessage> = {
  pending: StatusMessage.PENDING,
  sent: StatusMessage.SENT,
  failed: StatusMessage.FAILED,
};

/** Undefined for "not said". */
export function findChannel(message: ChannelMessage): Channel | undefined {
  return (Object.keys(CHANNEL) as Channel[]).find((channel) => CHANNEL[channel] === message);
}

/** Of a message whose rules do not let "not said" pass. */
export function channelOf(message: ChannelMessage): Channel {
  const channel = findChannel(message);
  if (channel === undefined) throw new Error(`${message} is no channel.`);
  return channel;
}

/** Undefined for "not said". */
export function findStatus(message: StatusMessage): DeliveryStatus | undefined {
  return (Object.keys(DELIVERY_STATUS) as DeliveryStatus[]).find((status) => DELIVERY_STATUS[status] === message);
}
