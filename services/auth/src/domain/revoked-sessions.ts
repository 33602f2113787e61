import type { Clock } from "@plinth/kernel/base";

/** Sessions that ended before their access tokens did: asked for every token, so kept in memory. */
export interface RevokedSessions {
  /** To be refused until `untilMs`, when the last of its access tokens expires. */
  add(sessionId: string, untilMs: number): void;
  has(sessionId: string): boolean;
}

export function createRevokedSessions(clock: Pick<Clock, "now">): RevokedSessions {
  const until = new Map<string, number>();
  return {
    add(sessionId, untilMs) {
      const now = clock.now();
      // In order of arrival, and so nearly of expiry: what is over stands in front.
      for (const [id, end] of until) {
        if (end > now) break;
        until.delete(id);
      }
      if (untilMs <= now) return;
      until.delete(sessionId);
      until.set(sessionId, untilMs);
    },
    has: (sessionId) => until.has(sessionId),
  };
}
