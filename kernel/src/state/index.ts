export { postgresStateStore, stateMigrations } from "./postgres-state-store.ts";
export type { PutOptions, StateEntry, StateStore } from "./state-store.ts";
