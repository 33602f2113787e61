import { MAX_CACHED_BYTES, type ResponseCache } from "../domain/response-cache.ts";
import type { HeaderRecord } from "../domain/response-headers.ts";
import type { RoutePolicy } from "../domain/route-policy.ts";

/** Collects an answer on its way to the client, and stores it once it is whole. */
export class CacheFill {
  #cache: ResponseCache;
  #key: string;
  #header: (name: string) => string | undefined;
  #headers: HeaderRecord = {};
  #shown: readonly string[] = [];
  #chunks: Buffer[] | undefined;
  #bytes = 0;

  /** `header` reads the request's headers. */
  constructor(cache: ResponseCache, key: string, header: (name: string) => string | undefined) {
    this.#cache = cache;
    this.#key = key;
    this.#header = header;
  }

  /** `shown` is what the client sees of the headers, flat. `owned`: the answer is one user's own. */
  begin(status: number, headers: HeaderRecord, shown: readonly string[], owned: boolean): void {
    if (!this.#cache.wants(status, headers, owned)) return;
    this.#headers = headers;
    this.#shown = shown;
    this.#chunks = [];
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_CACHED_BYTES) this.#chunks = undefined;
    // A copy: the chunk is a window on a larger buffer, which would be kept with it.
    else this.#chunks?.push(Buffer.from(chunk));
  }

  store(rules: NonNullable<RoutePolicy["cache"]>): void {
    if (this.#chunks === undefined) return;
    const body = Buffer.concat(this.#chunks);
    this.#cache.store(this.#key, this.#header, { headers: this.#headers, shown: this.#shown, body, ...rules });
  }
}
