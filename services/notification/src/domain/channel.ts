import { badRequest } from "@plinth/kernel/base";

/** A way to reach somebody. */
export type Channel = "email" | "sms" | "push" | "webhook" | "in-app";

/** Those that this service delivers over. */
export type ServedChannel = Extract<Channel, "email" | "webhook" | "in-app">;

const SERVED: readonly Channel[] = ["email", "webhook", "in-app"] satisfies ServedChannel[];

/** Throws BAD_REQUEST, reason CHANNEL_UNAVAILABLE. */
export function servedChannel(channel: Channel): ServedChannel {
  if (isServed(channel)) return channel;
  throw badRequest(`This platform does not send over ${channel}; use one of ${SERVED.join(", ")}.`, {
    reason: "CHANNEL_UNAVAILABLE",
    metadata: { channel },
  });
}

export function isServed(channel: Channel): channel is ServedChannel {
  return SERVED.includes(channel);
}
