import type { Module } from "@plinth/module";

/** The modules known here, accepted ones only; files locally, a watch in a cluster. */
export interface ModuleSnapshot {
  /** Grows with each change. */
  readonly revision: number;
  readonly modules: readonly Module[];
}

export interface ModuleSet {
  readonly current: ModuleSnapshot;
  /** Calls `listener` at each change, not at once; the answer stops it. */
  onChange(listener: (snapshot: ModuleSnapshot) => void): () => void;
}
