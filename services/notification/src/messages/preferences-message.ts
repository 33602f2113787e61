import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Channel, type PreferencesSchema } from "@plinth/proto/notification/v1/notification_pb";
import type { Preferences } from "../domain/preferences.ts";
import { CHANNEL, findChannel } from "./enums.ts";

export function preferencesMessage({ channels, quietHours, locale, updatedAt }: Preferences): MessageInitShape<typeof PreferencesSchema> {
  return {
    channels: channels.map(({ category, channel, enabled }) => ({
      category,
      channel: channel === undefined ? Channel.UNSPECIFIED : CHANNEL[channel],
      enabled,
    })),
    locale,
    ...(quietHours === undefined ? {} : { quietHours }),
    ...(updatedAt === undefined ? {} : { updatedAt: timestampFromDate(updatedAt) }),
  };
}

export function preferencesOf(message: MessageShape<typeof PreferencesSchema>, now: Date): Preferences {
  const { channels, quietHours, locale } = message;
  return {
    channels: channels.map(({ category, channel, enabled }) => ({ category, channel: findChannel(channel), enabled })),
    quietHours: quietHours && { start: quietHours.start, end: quietHours.end, timeZone: quietHours.timeZone },
    locale,
    updatedAt: now,
  };
}
