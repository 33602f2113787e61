import type { Discovery, Instance } from "@plinth/kernel/discovery";
import { Upstream } from "./upstream.ts";

/** Every module behind the gateway, followed as its instances come and go. */
export class Upstreams {
  #discovery: Pick<Discovery, "watch">;
  #onInstances: (module: string, instances: readonly Instance[]) => void;
  #known = new Map<string, { upstream: Upstream; stop: () => void }>();

  /** `onInstances` hears each change, for whoever keeps what depends on a module's version. */
  constructor(discovery: Pick<Discovery, "watch">, onInstances: (module: string, instances: readonly Instance[]) => void = () => {}) {
    this.#discovery = discovery;
    this.#onInstances = onInstances;
  }

  of(module: string): Upstream | undefined {
    return this.#known.get(module)?.upstream;
  }

  /** Follows exactly these modules from now on. */
  follow(modules: ReadonlySet<string>): void {
    for (const [module, { upstream, stop }] of this.#known) {
      if (modules.has(module)) continue;
      stop();
      this.#known.delete(module);
      void upstream.close();
    }
    for (const module of modules) {
      if (this.#known.has(module)) continue;
      const upstream = new Upstream(module);
      const entry = { upstream, stop: () => {} };
      this.#known.set(module, entry);
      entry.stop = this.#discovery.watch(module, (instances) => {
        upstream.update(instances);
        this.#onInstances(module, instances);
      });
    }
  }

  /** Closes the connections; what still runs is cut after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const all = [...this.#known.values()];
    this.#known.clear();
    for (const { stop } of all) stop();
    const timer = setTimeout(() => all.forEach(({ upstream }) => void upstream.destroy()), graceMs);
    await Promise.all(all.map(({ upstream }) => upstream.close()));
    clearTimeout(timer);
  }
}
