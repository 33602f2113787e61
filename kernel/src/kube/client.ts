import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../logging/logger.ts";
import { deadlineExceeded, isDistrust, type KubeConnection, type Outgoing, wasNotSent } from "./connection.ts";
import { errorOfAnswer, isNotFound, isTransient, KubeError } from "./errors.ts";
import { type Answer, exchange } from "./exchange.ts";
import { countedConnection, type KubeMetrics } from "./kube-metrics.ts";
import type { RequestLimiter } from "./limiter.ts";
import { type KubeList, type ListAt, type ListOptions, listAll, objectType } from "./list.ts";
import { withoutManagedFields } from "./managed-fields.ts";
import type { KubeObject, Resource } from "./object.ts";
import type { KubeRequest } from "./request.ts";
import { resourcePath, withQuery } from "./resource-path.ts";
import { backOffMs } from "./retry-after.ts";

export interface CallOptions {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** Talks raw JSON with the API server: no field is dropped, and none is made up. Failures are `KubeError`s. */
export interface KubeClient {
  readonly connection: KubeConnection;
  /** The parsed answer; the text where it is no JSON, as that of logs. */
  request<T = KubeObject>(request: KubeRequest): Promise<T>;
  /** Undefined when it, or its whole kind, is not there. Without `managedFields`. */
  find<T extends KubeObject = KubeObject>(
    resource: Resource,
    at: { namespace?: string; name: string },
    options?: CallOptions & { readonly metadataOnly?: boolean },
  ): Promise<T | undefined>;
  /** All objects as of one resource version, in pages. Without `managedFields`. */
  list<T extends KubeObject = KubeObject>(resource: Resource, at?: ListAt, options?: ListOptions<T>): Promise<KubeList<T>>;
}

export interface KubeClientOptions {
  readonly logger: Logger;
  readonly metrics?: KubeMetrics;
  /** Of requests; watches are not limited. None: as fast as the sockets take them. */
  readonly limiter?: RequestLimiter;
}

const DEADLINE_MS = 30_000;
const MAX_TRIES = 5;
const BACK_OFF_MS = 100;
const MAX_BACK_OFF_MS = 5000;

export function createKubeClient(given: KubeConnection, { logger, metrics, limiter }: KubeClientOptions): KubeClient {
  const connection = metrics === undefined ? given : countedConnection(given, metrics);

  /** One try of several. Throws what it comes to, an answer of 400 and above as well. */
  async function tryOnce(outgoing: Outgoing, deadlineMs: number, endsAt: number, { signal, read }: KubeRequest): Promise<Answer> {
    await limiter?.admit(signal);
    // A wait takes longer than it should where the process stood still, and the deadline may be that after which somebody else writes.
    if (performance.now() >= endsAt) throw deadlineExceeded(outgoing.method, outgoing.path, deadlineMs);
    const answer = await exchange(connection, outgoing, deadlineMs, signal, read);
    if (answer.status >= 400) throw errorOfAnswer(answer.status, answer.text, answer.retryAfterMs);
    return answer;
  }

  async function request<T>(request: KubeRequest): Promise<T> {
    const { method, body, contentType = "application/json", deadlineMs = DEADLINE_MS, signal } = request;
    const path = withQuery(request.path, request.query);
    const headers: Record<string, string> = { accept: request.accept ?? "application/json" };
    if (body !== undefined) headers["content-type"] = contentType;
    const outgoing: Outgoing = {
      method,
      path,
      headers,
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    };
    const twice = request.retry ?? (method !== "POST" && contentType !== "application/json-patch+json");
    const endsAt = performance.now() + deadlineMs;
    let renewed = false;

    for (let tries = 1; ; tries++) {
      const leftMs = Math.max(1, endsAt - performance.now());
      try {
        // Half of what is left, so that a socket nobody is behind costs one try and not the request.
        const tryMs = twice ? Math.max(leftMs / 2, Math.min(leftMs, 1000)) : leftMs;
        const { json, text, value } = await tryOnce(outgoing, tryMs, endsAt, request);
        return (value ?? (json ? JSON.parse(text) : text)) as T;
      } catch (error) {
        if (!(error instanceof KubeError) || signal?.aborted) throw error;
        if (!renewed && (error.status === 401 || isDistrust(error))) {
          renewed = true;
          if (await connection.renewCredentials()) continue;
          throw error;
        }
        if (request.retry === false || tries >= MAX_TRIES || !mayTryAgain(error, twice)) throw error;
        const waitMs = (error.retryAfterMs ?? 0) + backOffMs(tries, BACK_OFF_MS, MAX_BACK_OFF_MS);
        if (performance.now() + waitMs >= endsAt) throw error;
        logger.debug("A request to the API server is tried again.", { method, path, status: error.status, reason: error.reason, waitMs });
        await sleep(waitMs, undefined, signal && { signal });
      }
    }
  }

  return {
    connection,
    request,
    async find<T extends KubeObject>(
      resource: Resource,
      at: { namespace?: string; name: string },
      options: CallOptions & { readonly metadataOnly?: boolean } = {},
    ) {
      const { metadataOnly = false, ...call } = options;
      try {
        const accept = objectType(metadataOnly);
        const found = await request<T>({ method: "GET", path: resourcePath(resource, at), accept, ...call });
        return withoutManagedFields(found);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    list: (resource, at, options) => listAll(request, resource, at, options),
  };
}

/** 429 says that nothing was done. Of 5xx and lost answers nobody knows, so only what may be done twice is. */
function mayTryAgain(error: KubeError, twice: boolean): boolean {
  if (error.status === 429) return true;
  if (error.status === 0) return twice || wasNotSent(error);
  return isTransient(error) && error.status !== 501 && (twice || error.retryAfterMs !== undefined);
}
