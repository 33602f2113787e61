export type { Cache } from "./cache.ts";
export { type CacheResult, createMemoryCache, type MemoryCacheOptions } from "./memory-cache.ts";
