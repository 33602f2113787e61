export type { Cache } from "./cache.ts";
export { type CacheObserver, createMemoryCache, type MemoryCacheOptions } from "./memory-cache.ts";
