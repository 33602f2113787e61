import type { KeyObject } from "node:crypto";
import { type Clock, systemClock } from "../base/clock.ts";
import type { Logger } from "../logging/logger.ts";
import { readJwks } from "./jwks.ts";

export interface RemoteKeysOptions {
  /** Whose keys they are, for the log. */
  readonly issuer: string;
  /** Reads the JWKS document. */
  readonly read: () => Promise<unknown>;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** The public keys of an issuer elsewhere. While it is away the last known ones stay. */
export interface RemoteKeys {
  find(kid: string): { readonly key: KeyObject; readonly expMs: number } | undefined;
  /** How many are known. */
  readonly size: number;
  /** Grows when a key was withdrawn: what was verified before must be verified again. */
  readonly revision: number;
  /** Looks again, for a key id that is not known; at most once a second, so that forged tokens cause no stream of look-ups. Never throws. */
  refresh(): Promise<void>;
  /** Begins to look again in the background where the keys are older than five minutes. Cheap, to be called before each use. */
  refreshWhenOld(): void;
}

/** A key that was withdrawn is refused after this, and a look-up. */
const OLD_MS = 5 * 60_000;
const MIN_INTERVAL_MS = 1000;

export function createRemoteKeys({ issuer, read, logger, clock = systemClock }: RemoteKeysOptions): RemoteKeys {
  let keys = new Map<string, { key: KeyObject; expMs: number }>();
  let revision = 0;
  let triedAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function readKeys(): Promise<void> {
    triedAt = clock.elapsed();
    try {
      const found = readJwks(await read());
      if ([...keys.keys()].some((kid) => !found.has(kid))) revision++;
      keys = found;
    } catch (error) {
      logger.warn("The issuer's public keys cannot be read; the last known ones stay.", { issuer, known: keys.size, error });
    }
  }

  /** Whoever waits shares the read at hand. */
  function readOnce(): Promise<void> {
    reading ??= readKeys().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  return {
    find: (kid) => keys.get(kid),
    get size() {
      return keys.size;
    },
    get revision() {
      return revision;
    },
    async refresh() {
      if (reading !== undefined || clock.elapsed() - triedAt >= MIN_INTERVAL_MS) await readOnce();
    },
    refreshWhenOld() {
      if (keys.size > 0 && clock.elapsed() - triedAt >= OLD_MS) void readOnce();
    },
  };
}
