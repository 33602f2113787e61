import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Charge, PaymentIntent, Refund } from "./account.ts";
import type { KeptKey } from "./idempotency.ts";
import type { StripeEvent } from "./webhooks.ts";

/** All that a simulator knows; JSON. */
export interface SavedState {
  readonly intents: readonly PaymentIntent[];
  readonly charges: readonly Charge[];
  readonly refunds: readonly Refund[];
  readonly keys: readonly KeptKey[];
  readonly events: readonly StripeEvent[];
}

export interface StateFile {
  readonly saved: SavedState | undefined;
  /** Writes within a moment; several calls become one. */
  saveSoon(): void;
  /** Writes what is still to be written. */
  saveNow(): void;
}

/** Changes that come together are written together. */
const PAUSE_MS = 100;

/** Opens the file that a simulator remembers by from one start to the next. `read` tells what is to be kept. */
export function openStateFile(path: string, read: () => SavedState): StateFile {
  let timer: NodeJS.Timeout | undefined;
  function saveNow(): void {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    mkdirSync(dirname(path), { recursive: true });
    // A reader, or a next start, never finds half of it.
    writeFileSync(`${path}.new`, JSON.stringify(read()), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  return {
    saved: findState(path),
    saveSoon: () => {
      timer ??= setTimeout(saveNow, PAUSE_MS);
    },
    saveNow,
  };
}

function findState(path: string): SavedState | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as SavedState;
  } catch (error) {
    throw new Error(`${path} is no state of the simulator; remove it to begin anew.`, { cause: error });
  }
}
