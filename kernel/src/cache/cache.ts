export interface Cache {
  /** `undefined`: unknown; `null`: known to be absent (a negative entry). */
  get<T>(key: string): Promise<T | null | undefined>;
  set<T>(key: string, value: T | null, options: { ttlMs: number }): Promise<void>;
  delete(key: string): Promise<void>;
  exists(key: string): Promise<boolean>;
  /** Adds `by` to a counter that expires `ttlMs` after its first increment; answers the new value. */
  increment(key: string, by: number, options: { ttlMs: number }): Promise<number>;
  /** Loads once for all concurrent callers; within `staleMs` after the ttl the old value is answered while a new one loads. */
  wrap<T>(key: string, options: { ttlMs: number; staleMs?: number }, load: () => Promise<T | null>): Promise<T | null>;
}
