import { unavailable } from "@plinth/kernel/base";
import { LRUCache } from "lru-cache";
import type { AccessReader } from "./access-store.ts";
import type { Expression } from "./expression.ts";
import { compileOrFail, compileRules, type Rules } from "./rules.ts";
import { formatVersion, reaches, type SetVersion } from "./set-version.ts";
import { newSubject, type Subject } from "./subject.ts";

/** Users ready for decisions, kept in memory. */
export interface Subjects {
  /**
   * At once where the user is in memory. With `minVersion` at least that recent.
   * Throws SERVICE_UNAVAILABLE, reason VERSION_NOT_REACHED.
   */
  get(tenantId: string, userId: string, minVersion?: SetVersion): Subject | Promise<Subject>;
  /** Something about the user changed. */
  forgetUser(tenantId: string, userId: string): void;
  /** Roles or policies changed, of the tenant or, where the platform's version grew, of all of them. */
  forgetRules(tenantId: string, version: SetVersion): void;
}

export interface SubjectsOptions {
  readonly reader: AccessReader;
  readonly maxUsers: number;
  /** How long a call waits for the version it asked for. */
  readonly versionWaitMs: () => number;
  readonly now?: () => number;
  readonly wait?: (ms: number) => Promise<void>;
}

interface KeptSubject {
  readonly subject: Subject;
  /** What the assignments rest on. */
  readonly version: SetVersion;
  /** When one of the roles runs out, or the bus may have been silent for too long. Epoch milliseconds. */
  readonly until: number;
}

interface KeptRules {
  readonly rules: Rules;
  readonly until: number;
}

/** An event that never comes must not leave a right for ever. */
const MAX_AGE_MS = 5 * 60_000;
const MAX_TENANTS = 1000;
const MAX_EXPRESSIONS = 10_000;
const FIRST_PAUSE_MS = 10;

export function createSubjects(options: SubjectsOptions): Subjects {
  const { reader, maxUsers, versionWaitMs, now = Date.now, wait = pause } = options;
  const users = new LRUCache<string, KeptSubject>({ max: maxUsers });
  const tenants = new LRUCache<string, KeptRules>({ max: MAX_TENANTS });
  const expressions = new LRUCache<string, Expression>({ max: MAX_EXPRESSIONS });
  const loading = new Map<string, Promise<Subject>>();
  /** Grows with each change that is heard of: what was read before it must not be kept after it. */
  let era = 0;

  const keyOf = (tenantId: string, userId: string): string => `${tenantId}\n${userId}`;

  function compile(text: string): Expression {
    let expression = expressions.get(text);
    if (expression === undefined) {
      expression = compileOrFail(text);
      expressions.set(text, expression);
    }
    return expression;
  }

  function recall(tenantId: string, userId: string): Subject | undefined {
    const key = keyOf(tenantId, userId);
    const kept = users.get(key);
    if (kept === undefined || kept.until <= now()) return undefined;
    const rules = tenants.get(tenantId)?.rules;
    if (rules === undefined || rules === kept.subject.rules) return rules && kept.subject;
    // Roles or policies were read anew; what the user was given is as it was.
    const subject = newSubject(userId, tenantId, kept.subject.assignments, kept.version, rules, new Date(now()));
    users.set(key, { ...kept, subject });
    return subject;
  }

  async function load(tenantId: string, userId: string, minVersion: SetVersion | undefined): Promise<Subject> {
    const begun = era;
    const at = now();
    const kept = tenants.get(tenantId);
    const usable = kept !== undefined && kept.until > at && (minVersion === undefined || reaches(kept.rules.version, minVersion));
    const snapshot = await reader.readAccess(tenantId, userId, !usable);
    const rules =
      snapshot.rules === undefined ? kept?.rules : compileRules(snapshot.version, snapshot.rules.roles, snapshot.rules.policies, compile);
    if (rules === undefined) throw new Error("The rules were asked for and not read.");
    const subject = newSubject(userId, tenantId, snapshot.assignments, snapshot.version, rules, new Date(at));
    if (begun === era) {
      if (snapshot.rules !== undefined) tenants.set(tenantId, { rules, until: at + MAX_AGE_MS });
      const ends = subject.assignments.flatMap(({ expiresAt }) => expiresAt?.getTime() ?? []);
      users.set(keyOf(tenantId, userId), { subject, version: snapshot.version, until: Math.min(at + MAX_AGE_MS, ...ends) });
    }
    return subject;
  }

  /** Calls for the same user at once share one reading, unless a change came between. */
  function loadOnce(tenantId: string, userId: string): Promise<Subject> {
    const key = `${era}\n${keyOf(tenantId, userId)}`;
    let subject = loading.get(key);
    if (subject === undefined) {
      subject = load(tenantId, userId, undefined).finally(() => loading.delete(key));
      loading.set(key, subject);
    }
    return subject;
  }

  async function loadAtLeast(tenantId: string, userId: string, minVersion: SetVersion): Promise<Subject> {
    const deadline = now() + versionWaitMs();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      const subject = await load(tenantId, userId, minVersion);
      if (reaches(subject.version, minVersion)) return subject;
      const left = deadline - now();
      if (left <= 0) {
        throw unavailable(`Version ${formatVersion(minVersion)} is not there yet, only ${formatVersion(subject.version)}.`, {
          reason: "VERSION_NOT_REACHED",
          metadata: { version: formatVersion(subject.version) },
          retryAfterSeconds: 1,
        });
      }
      await wait(Math.min(pauseMs, left));
    }
  }

  return {
    get(tenantId, userId, minVersion) {
      const subject = recall(tenantId, userId);
      if (subject !== undefined && (minVersion === undefined || reaches(subject.version, minVersion))) return subject;
      return minVersion === undefined ? loadOnce(tenantId, userId) : loadAtLeast(tenantId, userId, minVersion);
    },
    forgetUser(tenantId, userId) {
      era++;
      users.delete(keyOf(tenantId, userId));
    },
    forgetRules(tenantId, version) {
      era++;
      tenants.delete(tenantId);
      // Users are compiled anew when their rules are: see `recall`.
      for (const [other, { rules }] of tenants.entries()) if (rules.version.platform < version.platform) tenants.delete(other);
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
