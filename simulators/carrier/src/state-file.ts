import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Shipment, Tracker } from "./account.ts";
import type { EasyPostEvent } from "./webhooks.ts";

/** All that a simulator knows; JSON. */
export interface SavedState {
  readonly shipments: readonly Shipment[];
  readonly trackers: readonly Tracker[];
  readonly events: readonly EasyPostEvent[];
}

/** The file that a simulator remembers by from one start to the next. */
export class StateFile {
  readonly saved: SavedState | undefined;
  readonly #path: string;
  readonly #read: () => SavedState;
  #timer: NodeJS.Timeout | undefined;

  /** `read` tells what is to be kept. Throws for a file that is none of ours. */
  constructor(path: string, read: () => SavedState) {
    this.#path = path;
    this.#read = read;
    this.saved = findState(path);
  }

  /** Writes within a moment: changes that come together are written together. */
  saveSoon(): void {
    this.#timer ??= setTimeout(() => this.saveNow(), 100);
  }

  /** Writes what is still to be written. */
  saveNow(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    mkdirSync(dirname(this.#path), { recursive: true });
    // A next start never finds half of it.
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.#read()), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
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
