import type { Instance } from "@plinth/kernel/discovery";
import type { Logger } from "@plinth/kernel/logging";
import { createReflectionIndex, type ReflectionIndex } from "@plinth/kernel/rpc";
import { type RpcRule, rpcRulesOf } from "../domain/rpc-rules.ts";
import { type Descriptors, fetchDescriptors } from "./fetch-descriptors.ts";

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

/** What is common to all modules is named once: the list of services that each of them has. */
const OWN_SERVICES = new Set(["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]);

interface Entry {
  /** Instance and version that the descriptors are of. */
  readonly key: string;
  descriptors: Descriptors | undefined;
  rules: readonly RpcRule[];
  /** True until the first answer or failure. */
  pending: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** The methods of every module, learnt from the module itself whenever an instance of another version comes. */
export class ModuleDescriptors {
  #logger: Logger;
  #onChange: () => void;
  #fetch: (instance: Instance) => Promise<Descriptors>;
  #entries = new Map<string, Entry>();
  #index: ReflectionIndex | undefined;

  constructor(logger: Logger, onChange: () => void, fetch: (instance: Instance) => Promise<Descriptors> = fetchDescriptors) {
    this.#logger = logger;
    this.#onChange = onChange;
    this.#fetch = fetch;
  }

  /** The newest instance is asked: during a roll-out its methods include the old ones, for changes are additive. */
  onInstances(module: string, instances: readonly Instance[]): void {
    const instance = instances.at(-1);
    if (instance === undefined || instance.grpcPort === 0) return;
    const key = `${instance.id}|${instance.version}`;
    const before = this.#entries.get(module);
    if (before?.key === key) return;
    clearTimeout(before?.timer);
    const entry: Entry = {
      key,
      descriptors: before?.descriptors,
      rules: before?.rules ?? [],
      pending: before === undefined,
      timer: undefined,
    };
    this.#entries.set(module, entry);
    void this.#load(module, instance, entry, FIRST_RETRY_MS);
  }

  /** Forgets modules that are gone. */
  keepOnly(modules: ReadonlySet<string>): void {
    for (const [module, entry] of this.#entries) {
      if (modules.has(module)) continue;
      clearTimeout(entry.timer);
      this.#entries.delete(module);
      this.#index = undefined;
    }
  }

  get rules(): ReadonlyMap<string, readonly RpcRule[]> {
    return new Map([...this.#entries].map(([module, { rules }]) => [module, rules]));
  }

  /** Whether some module has not been heard yet: what is not known may still turn up. */
  get pending(): boolean {
    for (const { pending } of this.#entries.values()) if (pending) return true;
    return false;
  }

  /** All modules' services as one server's. */
  get index(): ReflectionIndex {
    if (this.#index === undefined) {
      const all = [...this.#entries.values()].flatMap(({ descriptors }) => descriptors ?? []);
      const services = all.flatMap((one) => one.services.filter((name) => !OWN_SERVICES.has(name)));
      this.#index = createReflectionIndex(
        all.flatMap(({ files }) => files),
        [...services, ...(all.length === 0 ? [] : OWN_SERVICES)],
      );
    }
    return this.#index;
  }

  close(): void {
    for (const { timer } of this.#entries.values()) clearTimeout(timer);
    this.#entries.clear();
  }

  async #load(module: string, instance: Instance, entry: Entry, retryMs: number): Promise<void> {
    try {
      const descriptors = await this.#fetch(instance);
      if (this.#entries.get(module) !== entry) return;
      entry.descriptors = descriptors;
      this.#index = undefined;
      entry.rules = rpcRulesOf(createReflectionIndex(descriptors.files, descriptors.services).files.values());
      entry.pending = false;
      this.#onChange();
    } catch (error) {
      if (this.#entries.get(module) !== entry) return;
      entry.pending = false;
      this.#onChange();
      this.#logger.warn("A module's methods are not known; its RPCs are not reachable from outside.", { module, retryMs, error });
      entry.timer = setTimeout(() => void this.#load(module, instance, entry, Math.min(LONGEST_RETRY_MS, retryMs * 2)), retryMs);
      entry.timer.unref();
    }
  }
}
