export { createSagas } from "./create-sagas.ts";
export type { PreparedNote, PreparedStart } from "./prepared-sql.ts";
export { findSagasWithTimeline, listSagas, type SagaFilter, type SagaOverview } from "./read-sagas.ts";
export {
  type CallStep,
  defineSaga,
  type LocalStep,
  type RetryPolicy,
  type Saga,
  type SagaDefinition,
  type SagaEntry,
  type SagaFailure,
  type SagaStatus,
  type SagaStep,
  type StatementStep,
  type StepInHand,
  type Waiting,
  waiting,
} from "./saga.ts";
export type { SagaRow } from "./saga-store.ts";
export { sagaMigrations } from "./saga-tables.ts";
export type { RunOptions, SagaRunner, Sagas, SagaTimeline } from "./sagas.ts";
