import type { KubeClient } from "../kube/client.ts";
import { follow } from "../kube/follow.ts";
import type { Logger } from "../logging/logger.ts";
import type { Discovery } from "./discovery.ts";
import { ENDPOINT_SLICES, type EndpointSlice, instancesOfSlices, MODULE_SLICES, moduleOfSlice } from "./endpoint-slice.ts";
import { createInstanceTable } from "./instance-table.ts";

export interface EndpointSliceDiscoveryOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly logger: Logger;
}

/**
 * Instances as the cluster knows them: the `kubernetes` driver. One watch serves all modules; while the API server is away the last known instances
 * stay. The cluster itself notes who is ready, so that nobody registers. Resolves when the instances of now are known.
 */
export async function openEndpointSliceDiscovery({ client, namespace, logger }: EndpointSliceDiscoveryOptions): Promise<Discovery> {
  const table = createInstanceTable();
  /** By name: a Service may have several. */
  let slices = new Map<string, EndpointSlice>();
  const closing = new AbortController();

  function tell(module: string | undefined): void {
    if (module === undefined) return;
    const own = [...slices.values()].filter((slice) => moduleOfSlice(slice) === module).sort(byAddressType);
    table.set(module, instancesOfSlices(own));
  }

  let listed: () => void = () => {};
  const synced = new Promise<void>((resolve) => {
    listed = resolve;
  });
  const following = follow<EndpointSlice>(client, ENDPOINT_SLICES, {
    namespace,
    labelSelector: MODULE_SLICES,
    logger,
    signal: closing.signal,
    onReplace(items) {
      slices = new Map(items.map((slice) => [slice.metadata.name, slice]));
      for (const module of new Set([...table.modules(), ...items.map(moduleOfSlice)])) tell(module);
      listed();
    },
    onEvent(type, slice) {
      if (type === "DELETED") slices.delete(slice.metadata.name);
      else slices.set(slice.metadata.name, slice);
      tell(moduleOfSlice(slice));
    },
  });
  await Promise.race([synced, following]);

  return {
    async register() {},
    async deregister() {},
    instances: table.get,
    watch: table.watch,
    async close() {
      closing.abort();
      table.clearListeners();
      await following.catch(() => undefined);
    },
  };
}

/** A pod with addresses of both families is one instance, reached by IPv4. */
function byAddressType(one: EndpointSlice, other: EndpointSlice): number {
  return one.addressType === other.addressType ? 0 : one.addressType < other.addressType ? -1 : 1;
}
