import { type Clock, systemClock, type UserIdentity } from "@plinth/kernel/base";
import { LRUCache } from "lru-cache";

/** Asks authz; answers whether the user has the permission. */
export type AskAuthz = (user: UserIdentity, permission: string, requestId: string) => Promise<boolean>;

/**
 * Permissions that authz granted a moment ago. Only grants are remembered: a refusal is asked anew each time, so a new role works at
 * once, and a revoked one as soon as its event is here (or the time is up, if the event never comes).
 */
export interface Grants {
  /** True at once where remembered, else a promise of authz's answer. */
  allows(user: UserIdentity, permission: string, requestId: string): true | Promise<boolean>;
  forgetUser(userId: string): void;
  forgetAll(): void;
}

export function createGrants(ask: AskAuthz, options: { ttlMs?: number; maxUsers?: number; clock?: Clock } = {}): Grants {
  const { ttlMs = 60_000, clock = systemClock } = options;
  const byUser = new LRUCache<string, Map<string, number>>({ max: options.maxUsers ?? 50_000 });
  const asking = new Map<string, Promise<boolean>>();
  /** Grows with each invalidation: an answer asked for before it must not be remembered after it. */
  let era = 0;

  async function askOnce(user: UserIdentity, permission: string, requestId: string): Promise<boolean> {
    const askedIn = era;
    const granted = await ask(user, permission, requestId);
    if (granted && askedIn === era) {
      const permissions = byUser.get(user.id) ?? new Map<string, number>();
      permissions.set(permission, clock.elapsed() + ttlMs);
      byUser.set(user.id, permissions);
    }
    return granted;
  }

  return {
    allows(user, permission, requestId) {
      const until = byUser.get(user.id)?.get(permission);
      if (until !== undefined && until > clock.elapsed()) return true;
      const key = `${era}\n${user.id}\n${permission}`;
      let answer = asking.get(key);
      if (answer === undefined) {
        answer = askOnce(user, permission, requestId).finally(() => asking.delete(key));
        asking.set(key, answer);
      }
      return answer;
    },
    forgetUser(userId) {
      era++;
      byUser.delete(userId);
    },
    forgetAll() {
      era++;
      byUser.clear();
    },
  };
}
