import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { unavailable } from "../base/errors.ts";
import { watchFolder } from "../base/watch-folder.ts";
import { claimsInside } from "./jwt.ts";
import { USED_SHARE } from "./token-life.ts";

/** Service tokens that the kubelet keeps in a folder: `<folder>/<callee>`, replaced before they expire. */
export interface ProjectedTokens {
  /** Whether there is one for this callee. */
  has(callee: string): boolean;
  /** Throws SERVICE_UNAVAILABLE where there is none for this callee: its file comes with the next pod, if at all. */
  tokenFor(callee: string): string;
  close(): void;
}

interface ReadToken {
  readonly token: string;
  /** When it is time to look for its successor, in epoch milliseconds. */
  lookAgainAt: number;
}

/** How often a successor is looked for once its time has come, should the watch have missed it. */
const LOOK_AGAIN_MS = 1000;

/** Files are small, and whoever asks needs the token to go on: they are read on the spot, and remembered until the folder changes. */
export function readProjectedTokens(folder: string, clock: Clock): ProjectedTokens {
  const known = new Map<string, ReadToken>();
  const stopWatching = watchFolder(folder, () => {
    for (const remembered of known.values()) remembered.lookAgainAt = 0;
  });

  function read(callee: string): ReadToken {
    const now = clock.now();
    const token = readFileSync(join(folder, callee), "utf8").trim();
    const { iat = now / 1000, exp = now / 1000 } = claimsInside(token);
    const dueAt = (iat + (exp - iat) * USED_SHARE) * 1000;
    return { token, lookAgainAt: Math.max(dueAt, now + LOOK_AGAIN_MS) };
  }

  return {
    has: (callee) => known.has(callee) || existsSync(join(folder, callee)),
    tokenFor(callee) {
      const remembered = known.get(callee);
      if (remembered !== undefined && clock.now() < remembered.lookAgainAt) return remembered.token;
      try {
        const found = read(callee);
        known.set(callee, found);
        return found.token;
      } catch (error) {
        // In the middle of a change: the one that is known is good for minutes.
        if (remembered !== undefined) return remembered.token;
        throw unavailable(`There is no service token for calls to ${callee}.`, {
          reason: "NO_SERVICE_TOKEN",
          retryAfterSeconds: 1,
          cause: error,
        });
      }
    },
    close() {
      stopWatching();
      known.clear();
    },
  };
}
