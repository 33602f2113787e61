import type { Channel, ChannelSettings } from "./channel.ts";

/** Each change writes the row and the audit entry in one transaction. */
export interface ChannelStore {
  /** The default channel is made where there is none yet. */
  findChannel(code: string): Promise<Channel | undefined>;
  /** Makes it where there is none. Throws CONFLICT, reason VERSION_CONFLICT; NOT_FOUND where a version is expected and there is none. */
  setChannel(code: string, settings: ChannelSettings, expectedVersion: number | undefined): Promise<Channel>;
}
