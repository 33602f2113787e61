/** One running process of a module. */
export interface Instance {
  readonly id: string;
  readonly host: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly version: string;
}

/** Where modules run. Drivers: `static` (a file or a fixed table) now; `kubernetes`, `dns`, `consul`, `etcd` speak the same interface. */
export interface Discovery {
  register(module: string, instance: Instance): Promise<void>;
  deregister(module: string, instanceId: string): Promise<void>;
  /** The last known instances: stale answers are better than none. Never waits for the network. */
  instances(module: string): readonly Instance[];
  /** Calls `listener` at once and at each change; the answer stops it. */
  watch(module: string, listener: (instances: readonly Instance[]) => void): () => void;
  close(): Promise<void>;
}
