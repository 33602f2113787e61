import { NODATA, NOTFOUND, Resolver } from "node:dns/promises";
import { type Clock, systemClock } from "../base/clock.ts";
import type { Logger } from "../logging/logger.ts";
import type { Discovery, Instance } from "./discovery.ts";
import { createInstanceTable } from "./instance-table.ts";

/** What a module's declaration says of each of its instances. */
export interface DeclaredPorts {
  readonly http?: number | undefined;
  readonly grpc?: number | undefined;
  readonly version: string;
}

export interface DnsDiscoveryOptions {
  /** What follows the names of Services: `shop.svc.cluster.local`. */
  readonly zone: string;
  /** What is declared of a module; undefined where it is not known here: then SRV records tell the ports. */
  readonly declared: (module: string) => DeclaredPorts | undefined;
  readonly logger: Logger;
  /** `host:port` of name servers; the machine's unless said. */
  readonly servers?: readonly string[];
  readonly clock?: Clock;
  readonly random?: () => number;
}

interface Followed {
  watchers: number;
  /** `clock.elapsed()` of the last question for its instances. */
  askedAt: number;
  looking: Promise<void> | undefined;
  /** Told once, until an answer comes again. */
  failing: boolean;
  cancel: () => void;
}

/** Cluster DNS answers live 5 s or 30 s; who waits for them sends calls to pods that are gone. */
const INTERVAL_MS = 2000;
/** Modules that nobody watches are forgotten this long after the last question. */
const FORGET_MS = 60_000;
const TIMEOUT_MS = 1000;
/** The name is there for certain not, in contrast to a server that does not answer. */
const NOBODY = new Set<string | undefined>([NODATA, NOTFOUND]);

/**
 * Instances by DNS, for clusters whose API pods may not ask: the A records of `<module>-headless`, else of `<module>`, every two seconds for the modules that
 * somebody asks for. While no server answers the last known instances stay. The first question for a module begins to look and answers nothing yet.
 */
export function createDnsDiscovery(options: DnsDiscoveryOptions): Discovery {
  const { zone, declared, logger, clock = systemClock, random = Math.random } = options;
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 });
  if (options.servers !== undefined) resolver.setServers(options.servers);
  const table = createInstanceTable();
  const followed = new Map<string, Followed>();
  let closed = false;

  async function look(module: string, entry: Followed): Promise<void> {
    try {
      const instances = await instancesOf(module);
      entry.failing = false;
      if (followed.get(module) === entry) table.set(module, instances);
    } catch (error) {
      if (entry.failing || closed) return;
      entry.failing = true;
      logger.warn("A module's addresses cannot be looked up; the last known ones stay.", { callee: module, error });
    }
  }

  async function instancesOf(module: string): Promise<Instance[]> {
    const known = declared(module);
    const headless = known === undefined || known.grpc !== undefined ? await addresses(`${module}-headless`) : [];
    const hosts = headless.length > 0 || known?.grpc !== undefined ? headless : await addresses(module);
    if (hosts.length === 0) return [];
    const httpPort = known === undefined ? await portOf(module, "http") : (known.http ?? 0);
    const grpcPort = known === undefined ? await portOf(module, "grpc") : (known.grpc ?? 0);
    return hosts.map((host) => ({ id: `${module}@${host}`, host, httpPort, grpcPort, version: known?.version ?? "" }));
  }

  function addresses(name: string): Promise<string[]> {
    return resolver.resolve4(`${name}.${zone}`).catch(noneIfNobody);
  }

  async function portOf(module: string, port: string): Promise<number> {
    const [record] = await resolver.resolveSrv(`_${port}._tcp.${module}.${zone}`).catch(noneIfNobody);
    return record?.port ?? 0;
  }

  /** One at a time for each module, and the next one a while after. */
  function lookSoon(module: string, entry: Followed): void {
    entry.looking ??= look(module, entry).finally(() => {
      entry.looking = undefined;
      if (closed || followed.get(module) !== entry) return;
      if (entry.watchers === 0 && clock.elapsed() - entry.askedAt > FORGET_MS) {
        followed.delete(module);
        table.set(module, []);
        return;
      }
      // Pods that start together shall not ask together for ever.
      entry.cancel = clock.after(INTERVAL_MS * (0.75 + random() / 2), () => lookSoon(module, entry));
    });
  }

  function followedOf(module: string): Followed {
    const known = followed.get(module);
    if (known !== undefined) return known;
    const entry: Followed = { watchers: 0, askedAt: clock.elapsed(), looking: undefined, failing: false, cancel: () => {} };
    if (closed) return entry;
    followed.set(module, entry);
    lookSoon(module, entry);
    return entry;
  }

  return {
    async register() {},
    async deregister() {},
    instances(module) {
      followedOf(module).askedAt = clock.elapsed();
      return table.get(module);
    },
    watch(module, listener) {
      const entry = followedOf(module);
      entry.watchers++;
      const stop = table.watch(module, listener);
      let stopped = false;
      return () => {
        if (stopped) return;
        stopped = true;
        entry.watchers--;
        entry.askedAt = clock.elapsed();
        stop();
      };
    },
    async close() {
      closed = true;
      for (const { cancel } of followed.values()) cancel();
      resolver.cancel();
      table.clearListeners();
      await Promise.all([...followed.values()].map(({ looking }) => looking));
      followed.clear();
    },
  };
}

/** Throws on, unless the server knows for certain that there is nothing. */
function noneIfNobody(error: unknown): never[] {
  if (NOBODY.has((error as NodeJS.ErrnoException).code)) return [];
  throw error;
}
