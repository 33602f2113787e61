import type { Instance } from "./discovery.ts";

type Listener = (instances: readonly Instance[]) => void;

/** What is known of instances, and who wants to hear of changes: what all drivers have in common. */
export interface InstanceTable {
  get(module: string): readonly Instance[];
  /** Tells listeners only if something changed. Instances are kept in the order of their ids. */
  set(module: string, instances: Iterable<Instance>): void;
  modules(): Iterable<string>;
  watch(module: string, listener: Listener): () => void;
  clearListeners(): void;
}

const NONE: readonly Instance[] = Object.freeze([]);

export function createInstanceTable(): InstanceTable {
  const known = new Map<string, readonly Instance[]>();
  const listeners = new Map<string, Set<Listener>>();
  return {
    get: (module) => known.get(module) ?? NONE,
    set(module, instances) {
      const sorted = Object.freeze([...instances].sort((one, other) => (one.id < other.id ? -1 : 1)));
      if (same(sorted, known.get(module) ?? NONE)) return;
      known.set(module, sorted);
      for (const listener of [...(listeners.get(module) ?? [])]) listener(sorted);
    },
    modules: () => known.keys(),
    watch(module, listener) {
      const own: Listener = (instances) => listener(instances);
      const all = listeners.get(module) ?? new Set();
      listeners.set(module, all.add(own));
      own(known.get(module) ?? NONE);
      return () => void all.delete(own);
    },
    clearListeners: () => listeners.clear(),
  };
}

function same(one: readonly Instance[], other: readonly Instance[]): boolean {
  return one.length === other.length && one.every((instance, index) => sameInstance(instance, other[index] as Instance));
}

function sameInstance(one: Instance, other: Instance): boolean {
  return (
    one.id === other.id &&
    one.host === other.host &&
    one.httpPort === other.httpPort &&
    one.grpcPort === other.grpcPort &&
    one.version === other.version
  );
}
