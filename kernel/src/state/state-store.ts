/** A value with what is needed to change it safely. */
export interface StateEntry<Value> {
  readonly value: Value;
  /** Changes with every write; opaque. */
  readonly etag: string;
  readonly expiresAt: Date | undefined;
}

export interface PutOptions {
  /** The entry's etag as it was read, or `null` for "there is none yet". Absent: whatever is there is replaced. */
  readonly ifMatch?: string | null;
  /** Seconds after which the entry is as good as deleted. Absent: it stays. */
  readonly ttlSeconds?: number;
}

/**
 * Small values by key: carts, sessions, one-time tokens. Each tenant has keys of its own. An expired entry is gone for
 * every operation at once, whenever it is cleaned up.
 */
export interface StateStore {
  get<Value>(key: string): Promise<StateEntry<Value> | undefined>;
  /** Answers the new etag; CONFLICT, reason STATE_CHANGED, when `ifMatch` does not. */
  put<Value>(key: string, value: Value, options?: PutOptions): Promise<string>;
  /** False when there was nothing. CONFLICT, reason STATE_CHANGED, when `ifMatch` does not match what is there. */
  delete(key: string, options?: { ifMatch?: string }): Promise<boolean>;
  /** Reads and deletes in one step: of several takers at once only one gets the value. */
  take<Value>(key: string): Promise<Value | undefined>;
  /** Removes expired entries of all tenants for good; answers how many. For a cron. */
  deleteExpired(): Promise<number>;
}
