import { type Clock, systemClock } from "@plinth/kernel/base";

/**
 * Sessions that ended before their access tokens did. An entry is needed only until the last of those tokens expires, so the set is
 * bounded by sign-outs in the life of a token; beyond `limit` the oldest go first.
 */
export interface RevokedSessions {
  add(sessionId: string, untilMs: number): void;
  has(sessionId: string): boolean;
  readonly size: number;
}

/** The longest life of an access token; later "until"s are cut, so that a wrong one cannot keep an entry for ever. */
const LONGEST_MS = 24 * 3_600_000;

export function createRevokedSessions(limit = 200_000, clock: Clock = systemClock): RevokedSessions {
  const until = new Map<string, number>();

  /** Entries are in order of arrival, and nearly so of expiry: cleaning from the front is enough. */
  function sweep(now: number): void {
    for (const [id, at] of until) {
      if (at > now && until.size <= limit) return;
      until.delete(id);
    }
  }

  return {
    add(sessionId, untilMs) {
      const now = clock.now();
      if (untilMs <= now) return;
      until.delete(sessionId);
      until.set(sessionId, Math.min(untilMs, now + LONGEST_MS));
      sweep(now);
    },
    has: (sessionId) => until.size > 0 && until.has(sessionId),
    get size() {
      return until.size;
    },
  };
}
