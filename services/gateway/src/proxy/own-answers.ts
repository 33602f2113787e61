import { matchesEtag } from "../domain/cache-key.ts";
import type { CachedAnswer } from "../domain/response-cache.ts";
import type { OwnAnswer } from "../server/gateway-parts.ts";

/** An answer that no module is asked for. `headers` is flat. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

const NO_BODY = Buffer.alloc(0);

export function emptyAnswer(headers: readonly string[]): Answer {
  return { status: 204, headers, body: NO_BODY };
}

/** The answer to OPTIONS where no route takes it. */
export function optionsAnswer(methods: readonly string[]): Answer {
  return emptyAnswer(["allow", methods.length === 0 ? "OPTIONS" : methods.join(", ")]);
}

export function ownAnswer({ status, contentType, body, headers = [] }: OwnAnswer): Answer {
  const bytes = Buffer.from(body);
  const own = ["content-type", contentType, "cache-control", "no-store", "content-length", String(bytes.length)];
  return { status, headers: [...own, ...headers], body: bytes };
}

export function cachedAnswer(known: CachedAnswer, ifNoneMatch: string | undefined): Answer {
  const age = Math.floor((performance.now() - known.storedAt) / 1000);
  const headers = [...known.headers, "etag", known.etag, "age", String(age)];
  if (matchesEtag(ifNoneMatch, known.etag)) return { status: 304, headers, body: NO_BODY };
  return { status: 200, headers: [...headers, "content-length", String(known.body.length)], body: known.body };
}
