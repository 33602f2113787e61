import { setTimeout as sleep } from "node:timers/promises";
import {
  createKubeClient,
  createRequestLimiter,
  type KubeClient,
  openConnection,
  type RequestLimiter,
  type Resource,
  resourcePath,
  type TlsIdentity,
} from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { createElector, type Term } from "./elector.ts";
import { fenceWrites } from "./fence.ts";

/** What a replica for tests is given on its command line, as JSON. */
export interface ReplicaSettings {
  readonly server: string;
  readonly tls: TlsIdentity;
  readonly lease: string;
  readonly identity: string;
  readonly leaseMs: number;
  readonly renewMs: number;
  readonly retryMs: number;
}

export const CONFIG_MAPS: Resource = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };

/** One replica as a process of its own, for tests that kill or freeze it: while it leads it writes its identity into one ConfigMap, over and over. */
async function main({ server, tls, lease, identity, ...times }: ReplicaSettings): Promise<void> {
  function connect(limiter?: RequestLimiter): KubeClient {
    const credentials = { tls, headers: {} };
    const connection = openConnection({ server, credentials: { current: () => credentials, renew: async () => false } });
    return createKubeClient(connection, { logger: silentLogger, ...(limiter !== undefined && { limiter }) });
  }
  const logger = { ...silentLogger, info: (message: string) => void process.stdout.write(`log: ${message}\n`) };
  const elector = createElector({ client: connect(), namespace: "default", name: lease, identity, ...times, logger });
  const client = fenceWrites(connect(createRequestLimiter({ perSecond: 100, burst: 1 })), elector);
  const path = resourcePath(CONFIG_MAPS, { namespace: "default", name: lease });

  async function write(data: Record<string, string>): Promise<void> {
    await client.request({ method: "PATCH", path, body: { data }, contentType: "application/merge-patch+json" });
  }
  async function lead({ stop, lost }: Term): Promise<void> {
    process.stdout.write("leads\n");
    let count = 0;
    async function work(): Promise<void> {
      while (!stop.aborted && !lost.aborted) {
        await write({ writer: identity, count: `${++count}` }).catch(() => undefined);
        await sleep(5);
      }
    }
    // Several, so that a freeze finds some in writes, and others before them.
    await Promise.all([work(), work(), work(), work()]);
    if (lost.aborted) return;
    // What was in hand when the stop came takes longer than a renewal is due.
    await sleep(times.retryMs * 2);
    await write({ writer: identity, count: "last" });
  }

  const stopping = new AbortController();
  process.once("SIGTERM", () => stopping.abort());
  const end = await elector.run(lead, stopping.signal);
  // To go takes a process its time; a request that is cut off by its end may be one that was never made.
  await sleep(500);
  process.stdout.write(`${end}\n`, () => process.exit(end === "stopped" ? 0 : 1));
}

const [settings] = process.argv.slice(2);
if (settings !== undefined && import.meta.main) await main(JSON.parse(settings) as ReplicaSettings);
