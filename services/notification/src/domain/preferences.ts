import { validation } from "@plinth/kernel/base";
import type { Channel } from "./channel.ts";
import { type QuietHours, quietUntil } from "./quiet-hours.ts";

/** Messages about it are always sent, at once, and not counted. */
export const SECURITY = "security";

/** Stands for all categories but "security". */
const ANY = "*";

export interface ChannelPreference {
  readonly category: string;
  /** Undefined: all. */
  readonly channel: Channel | undefined;
  readonly enabled: boolean;
}

/** What a user wants to get. */
export interface Preferences {
  readonly channels: readonly ChannelPreference[];
  readonly quietHours: QuietHours | undefined;
  /** BCP 47; empty: the account's. */
  readonly locale: string;
  readonly updatedAt: Date | undefined;
}

export interface PreferenceStore {
  findPreferences(userId: string): Promise<Preferences | undefined>;
  savePreferences(userId: string, preferences: Preferences): Promise<void>;
}

/** Of those who have said nothing: everything, at any time. */
export const NO_PREFERENCES: Preferences = { channels: [], quietHours: undefined, locale: "", updatedAt: undefined };

/** Throws VALIDATION_ERROR by the fields of the request. */
export function checkPreferences({ channels, quietHours }: Preferences): void {
  const seen = new Set<string>();
  for (const [index, { category, channel, enabled }] of channels.entries()) {
    const field = `preferences.channels[${index}]`;
    if (category === SECURITY && !enabled) throw validation({ [field]: "messages about security cannot be switched off" });
    const key = `${category} ${channel ?? ANY}`;
    if (seen.has(key)) throw validation({ [field]: `says once more what to do with ${category}; say it once` });
    seen.add(key);
  }
  if (quietHours === undefined) return;
  if (!isTimeZone(quietHours.timeZone)) {
    throw validation({
      "preferences.quiet_hours.time_zone": `"${quietHours.timeZone}" is no IANA time zone; write one such as Europe/Zurich`,
    });
  }
  if (quietHours.start === quietHours.end) throw validation({ "preferences.quiet_hours.end": "must differ from the start" });
}

/** The narrowest rule decides: category and channel, then the category, then all categories on the channel, then all. */
export function wants(preferences: Preferences, category: string, channel: Channel): boolean {
  if (category === SECURITY) return true;
  const rule = (about: string, over: Channel | undefined) =>
    preferences.channels.find((entry) => entry.category === about && entry.channel === over);
  return (rule(category, channel) ?? rule(category, undefined) ?? rule(ANY, channel) ?? rule(ANY, undefined))?.enabled ?? true;
}

/** When a message may go out: now, or when the quiet hours end. */
export function sendableAt(preferences: Preferences, category: string, now: Date): Date {
  if (category === SECURITY || preferences.quietHours === undefined) return now;
  return quietUntil(preferences.quietHours, now) ?? now;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
