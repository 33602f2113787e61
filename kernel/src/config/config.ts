import type { Logger } from "../logging/logger.ts";
import type { KernelSettings } from "./kernel-settings.ts";

/** One key as `describe` shows it. */
export interface ConfigEntry {
  /** Dotted: `database.pool.max`. */
  readonly key: string;
  /** Masked where the key is a secret. */
  readonly value: unknown;
  /** The layer the value comes from: `default`, `module.yaml`, `config/production.yaml`, `environment variable BLOG_LOG_LEVEL` … */
  readonly source: string;
  readonly secret: boolean;
}

/** A module's configuration: its own keys, checked against its `configSchema`, and the kernel's settings beside them. */
export interface Config<T> {
  /** The module's own values, frozen. A change gives a new object, so read it where it is needed instead of keeping it. */
  readonly value: T;
  /** The kernel's settings, frozen; durations in milliseconds. */
  readonly kernel: KernelSettings;
  /** The value at a dotted path as it was written (durations as text), or undefined. */
  get(path: string): unknown;
  /** Which layer gave the value at this path; of a path with keys below it, all layers that gave one. */
  source(path: string): string | undefined;
  /** Calls `listener` after the value at `path`, or anything below it, changed. The answer stops it. */
  onChange(path: string, listener: (value: unknown, previous: unknown) => void): () => void;
  /** Every key with its value and source, by key. Secrets are masked. */
  describe(): ConfigEntry[];
  /**
   * Begins to follow the files and secrets. A change that breaks a rule is refused as a whole and logged with key, source and rule;
   * the old values stay.
   */
  watch(logger: Logger): void;
  /** Stops following. */
  close(): void;
}
