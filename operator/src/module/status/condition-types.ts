/**
 * The types of conditions that a Module has, all from the first write on, in the order in which they are shown. `Reconciling` and `Stalled` are
 * kstatus' and abnormal-true: while both are False the declared state is reached, and `Stalled` says that nothing will change it but people.
 */
export const CONDITION_TYPES = [
  "Validated",
  "DependenciesResolved",
  "Migrated",
  "Progressing",
  "Degraded",
  "Ready",
  "Reconciling",
  "Stalled",
  "DeletionBlocked",
] as const;

/** One of `CONDITION_TYPES`. */
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** Reasons of conditions beside those for which a module is refused. */
export const REASON = {
  /** Nothing is known yet. */
  pending: "Pending",
  schemaValid: "SchemaValid",
  allResolved: "AllResolved",
  /** There is nothing to do: no database, no dependency. */
  notNeeded: "NotNeeded",
  upToDate: "UpToDate",
  migrationPending: "MigrationPending",
  migrationRunning: "MigrationRunning",
  migrationFailed: "MigrationFailed",
  rollingOut: "RollingOut",
  rolloutComplete: "RolloutComplete",
  progressDeadlineExceeded: "ProgressDeadlineExceeded",
  rollingBack: "RollingBack",
  rolledBack: "RolledBack",
  running: "Running",
  scaledToZero: "ScaledToZero",
  replicasNotReady: "ReplicasNotReady",
  optionalDependencyMissing: "OptionalDependencyMissing",
  asDeclared: "AsDeclared",
  paused: "Paused",
  /** An object of the name of a child belongs to somebody else. */
  ownershipConflict: "OwnershipConflict",
  /** The API server did not take a write; it is tried again. */
  reconcileFailed: "ReconcileFailed",
  dependentsExist: "DependentsExist",
  notDeleting: "NotDeleting",
  stopping: "Stopping",
} as const;
