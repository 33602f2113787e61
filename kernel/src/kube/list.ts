import { isExpired } from "./errors.ts";
import { createListReader } from "./list-reader.ts";
import { withoutManagedFields } from "./managed-fields.ts";
import type { KubeObject, Resource } from "./object.ts";
import type { KubeRequest } from "./request.ts";
import { apiVersionOf, type Query, resourcePath } from "./resource-path.ts";

export interface ListAt {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only kind and metadata, which is all that many caches need. */
  readonly metadataOnly?: boolean;
}

export interface ListOptions<T> {
  /** For each page. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** What is kept of each object, as soon as it is read: a long list is never in memory whole. */
  readonly reduce?: (object: T) => T;
  readonly pageSize?: number;
  /**
   * As the server remembers it, perhaps of a moment ago, and all at once: etcd is not asked, which is several times as fast. For who goes on with a watch, which
   * catches up.
   */
  readonly remembered?: boolean;
}

export interface KubeList<T> {
  readonly items: T[];
  /** From which a watch goes on. */
  readonly resourceVersion: string;
}

const PAGE_SIZE = 500;
/** Pages are asked for within seconds, and kept for minutes: more often than this something else is wrong, and one big answer is better than none. */
const MAX_RESTARTS = 3;

interface Page {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

/** A page that is no longer kept begins the list anew: pages of two moments would not be a list. */
export async function listAll<T extends KubeObject>(
  request: <A>(request: KubeRequest) => Promise<A>,
  resource: Resource,
  at: ListAt = {},
  options: ListOptions<T> = {},
): Promise<KubeList<T>> {
  const { reduce, pageSize = PAGE_SIZE, remembered = false, deadlineMs, signal } = options;
  const path = resourcePath(resource, at);
  const apiVersion = apiVersionOf(resource);
  /** The items of a list do not repeat what the list says, and reduced ones say that they are. */
  function keep(item: T): T {
    const kept = withoutManagedFields(item.kind === resource.kind ? item : { ...item, apiVersion, kind: resource.kind });
    return reduce === undefined ? kept : reduce(kept);
  }
  let items: T[] = [];
  let next: string | undefined;
  for (let restarts = 0; ; ) {
    const paged: Query = remembered ? { resourceVersion: "0" } : restarts > MAX_RESTARTS ? {} : { limit: pageSize, continue: next };
    let read: T[] = [];
    let page: Page;
    try {
      page = await request<Page>({
        method: "GET",
        path,
        query: { ...selectors(at), ...paged },
        accept: listType(at.metadataOnly),
        ...(deadlineMs !== undefined && { deadlineMs }),
        ...(signal !== undefined && { signal }),
        read() {
          read = [];
          return createListReader<Page>((item) => void read.push(keep(item as T)));
        },
      });
    } catch (error) {
      if (!isExpired(error) || next === undefined) throw error;
      restarts++;
      next = undefined;
      items = [];
      continue;
    }
    for (const item of read) items.push(item);
    next = page.metadata.continue || undefined;
    if (next === undefined) return { items, resourceVersion: page.metadata.resourceVersion };
  }
}

export function selectors({ labelSelector, fieldSelector }: ListAt): Query {
  return { labelSelector, fieldSelector };
}

const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/** What to accept for one object, or for the events of a watch. */
export function objectType(metadataOnly = false): string {
  return metadataOnly ? METADATA : "application/json";
}

function listType(metadataOnly = false): string {
  return metadataOnly ? METADATA_LIST : "application/json";
}
