import { follow, type KubeClient, type KubeObject, type Resource } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import type { Store } from "./store.ts";

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly resource: Resource;
  readonly store: Store<T>;
  /** Only this namespace; all of the cluster's otherwise. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only kind and metadata, where nothing else is read. */
  readonly metadataOnly?: boolean;
  /** Begins with what the API server remembers, perhaps of a moment ago. */
  readonly remembered?: boolean;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Of a page, all is read before anything is reduced, and all kinds are read at the same time: small ones, for a low peak. */
const PAGE_SIZE = 100;

/** Keeps a store in step with the API server until `signal` aborts. Several may fill one store, each with a namespace of its own. */
export async function runReflector<T extends KubeObject>({ store, client, resource, ...options }: ReflectorOptions<T>): Promise<void> {
  const source = store.openSource(options.namespace);
  await follow<T>(client, resource, {
    ...options,
    reduce: store.keep,
    pageSize: PAGE_SIZE,
    onReplace: (items, resourceVersion) => source.replace(items, resourceVersion),
    onEvent: (type, object) => source.event(type, object),
    onBookmark: (resourceVersion) => source.bookmark(resourceVersion),
  });
}
