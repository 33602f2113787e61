import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../logging/logger.ts";
import type { KubeClient } from "./client.ts";
import { isDistrust } from "./connection.ts";
import { isExpired, isInvalid, KubeError } from "./errors.ts";
import { createInitialObjects, type InitialObjects, isInitialEnd } from "./initial-objects.ts";
import { objectType, selectors } from "./list.ts";
import { withoutManagedFields } from "./managed-fields.ts";
import type { KubeObject, Resource } from "./object.ts";
import { apiVersionOf, type Query, resourcePath, withQuery } from "./resource-path.ts";
import { backOffMs } from "./retry-after.ts";
import { type WatchEnd, type WatchEventType, watchOnce } from "./watch.ts";

export type ObjectEventType = Exclude<WatchEventType, "BOOKMARK">;

export interface FollowOptions<T extends KubeObject> {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only kind and metadata. */
  readonly metadataOnly?: boolean;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** What is kept of each object, before anybody sees it. */
  readonly reduce?: (object: T) => T;
  /** Objects of one page of a list: a page is in memory whole, as bytes, as text and as objects. 500 unless said otherwise. */
  readonly pageSize?: number;
  /**
   * Begins with what the server remembers, which is several times as fast and may be of a moment ago: not for who acts on the first look, but for who looks again
   * at each change. Later lists are of the moment, for nothing that was told may go back.
   */
  readonly remembered?: boolean;
  /** Everything there is, at the start and whenever the thread was lost: what is missing here is gone. */
  onReplace(items: T[], resourceVersion: string): void;
  /** Of an object that was deleted, its last state. */
  onEvent(type: ObjectEventType, object: T): void;
  /** All that happened up to this resource version was told. */
  onBookmark?(resourceVersion: string): void;
  /** Without a byte for so long a watch is cut; the server sends a bookmark each minute. 75 s unless said otherwise. */
  readonly idleMs?: number;
  /** False: the initial state is never asked for as a stream. Otherwise it is where the server has that. */
  readonly watchList?: boolean;
  readonly random?: () => number;
}

const IDLE_MS = 75_000;
/** Asked of the server at random between these, so that watches do not all come back at once. */
const MIN_TIMEOUT_SECONDS = 300;
const MAX_TIMEOUT_SECONDS = 600;
const BACK_OFF_MS = 100;
const MAX_BACK_OFF_MS = 5000;
/** A watch that lived this long was one, though it had nothing to tell. */
const LIVED_MS = 1000;
/** A server that is behind the others catches up within seconds; one that was restored from a backup never does. */
const MAX_TOO_LARGE = 5;
/** A stream of initial objects that breaks again and again may be too long for something on the way; a list comes in pages. */
const MAX_STREAM_FAILURES = 3;

/**
 * Follows a kind: everything once, then each change in order, for ever; resolves only when the signal aborts. Whatever ends a watch, the next one
 * goes on where it ended, without a new list; only when the server no longer knows that place is everything read again. What a listener throws is
 * logged, and does not keep it from what comes after.
 */
export async function follow<T extends KubeObject>(client: KubeClient, resource: Resource, options: FollowOptions<T>): Promise<void> {
  const { namespace, metadataOnly = false, remembered = false, signal, reduce, pageSize, idleMs = IDLE_MS, random = Math.random } = options;
  const logger = options.logger.child({ resource: resource.plural });
  const path = resourcePath(resource, namespace === undefined ? {} : { namespace });
  const apiVersion = apiVersionOf(resource);
  let watchList = options.watchList ?? true;
  /** Up to here everything was told. Undefined: begin anew. */
  let position: string | undefined;
  let initial: InitialObjects<T> | undefined;
  let listed = false;
  let received = 0;
  let failures = 0;
  let tooLarge = 0;

  function tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      logger.error("A listener of a watch failed.", { error });
    }
  }

  function keep(object: T): T {
    const kept = withoutManagedFields(object.kind === resource.kind ? object : { ...object, apiVersion, kind: resource.kind });
    return reduce === undefined ? kept : reduce(kept);
  }

  function onEvent(type: WatchEventType, object: T): void {
    const version = object.metadata.resourceVersion as string;
    received++;
    if (type === "BOOKMARK") {
      if (initial === undefined) tell(() => options.onBookmark?.(version));
      else endInitial(initial, object, version);
      position = version;
    } else if (initial !== undefined) {
      initial.apply(type, keep(object));
    } else {
      const kept = keep(object);
      tell(() => options.onEvent(type, kept));
      position = version;
    }
  }

  function endInitial(objects: InitialObjects<T>, bookmark: T, version: string): void {
    if (!isInitialEnd(bookmark)) {
      // An old server takes the question for a plain watch, and never says that this was all.
      watchList = false;
      throw new Error("The server does not stream initial objects.");
    }
    initial = undefined;
    listed = true;
    const items = objects.all();
    tell(() => options.onReplace(items, version));
  }

  async function list(): Promise<string> {
    const { items, resourceVersion } = await client.list<T>(resource, options, {
      signal,
      remembered: remembered && !listed,
      ...(reduce !== undefined && { reduce }),
      ...(pageSize !== undefined && { pageSize }),
    });
    listed = true;
    tell(() => options.onReplace(items, resourceVersion));
    return resourceVersion;
  }

  async function watch(): Promise<WatchEnd> {
    const query: Query = {
      ...selectors(options),
      watch: 1,
      allowWatchBookmarks: true,
      timeoutSeconds: Math.round(MIN_TIMEOUT_SECONDS + random() * (MAX_TIMEOUT_SECONDS - MIN_TIMEOUT_SECONDS)),
      ...(position === undefined ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" } : { resourceVersion: position }),
    };
    initial = position === undefined ? createInitialObjects<T>() : undefined;
    const end = await watchOnce<T>(client.connection, {
      path: withQuery(path, query),
      accept: objectType(metadataOnly),
      idleMs,
      signal,
      onEvent,
    });
    if (initial !== undefined && end !== undefined && (cannotStream(end) || failures >= MAX_STREAM_FAILURES)) watchList = false;
    initial = undefined;
    return end;
  }

  /** What is to be done before the next round, and after how long it may begin. */
  async function recover(end: KubeError, livedMs: number): Promise<number> {
    if (position === undefined && cannotStream(end) && !watchList) return 0;
    failures = received > 0 || livedMs > LIVED_MS ? 1 : failures + 1;
    tooLarge = isTooLarge(end) ? tooLarge + 1 : 0;
    logger[failures < 3 ? "debug" : "warn"]("A watch goes on after a failure.", { failures, status: end.status, error: end });
    if (isExpired(end) || tooLarge >= MAX_TOO_LARGE) position = undefined;
    if (end.status === 401 || isDistrust(end)) await client.connection.renewCredentials();
    return (end.retryAfterMs ?? 0) + backOffMs(failures, BACK_OFF_MS, MAX_BACK_OFF_MS, random);
  }

  while (!signal.aborted) {
    const began = performance.now();
    received = 0;
    let end: WatchEnd;
    try {
      if (position === undefined && !watchList) position = await list();
      end = await watch();
    } catch (error) {
      end = asKubeError(error);
    }
    if (signal.aborted) return;
    const livedMs = performance.now() - began;
    if (end === undefined && (received > 0 || livedMs > LIVED_MS)) {
      failures = 0;
      continue;
    }
    const waitMs = await recover(end ?? new KubeError(0, "Ended", "The watch ended at once."), livedMs);
    await sleep(waitMs, undefined, { signal }).catch(() => {});
  }
}

/** Refused for what was asked: the server is old, has that switched off, or has an etcd that is too old for it, which it calls an error of its own. */
function cannotStream(error: KubeError): boolean {
  return isInvalid(error) || error.status === 500 || error.status === 501;
}

/** The server has not come to where another one was already. */
function isTooLarge(error: KubeError): boolean {
  return error.details?.causes?.some(({ reason }) => reason === "ResourceVersionTooLarge") ?? false;
}

function asKubeError(error: unknown): KubeError {
  return error instanceof KubeError ? error : new KubeError(0, "Failed", "The list failed.", { cause: error });
}
