import type { Phase, Reason } from "@plinth/module";
import type { ConditionType, REASON } from "../module/status/condition-types.ts";

/** What the reference says about each; a word that is missing here is a type error. */

export const PHASE_MEANINGS: Record<Phase, string> = {
  Discovered: "The resource was seen; nothing is decided yet.",
  Validated: "Schema, uniqueness and the graph of dependencies are right; it waits for what it needs.",
  Loaded: "Its image is known, its configuration fits its schema, its secrets are there.",
  Initialized: "Its identity, configuration, Service and network rules are there; its migration runs.",
  Migrated: "Its schema is up to date; its replicas are being rolled out.",
  Started: "All replicas have the new version, and are about to be ready.",
  Running: "It serves.",
  Stopping: "It is being deleted: routes go first, then replicas, then what they stood on.",
  Stopped: "Nothing of it runs any more.",
  Rejected: "Something is wrong with what it declares. What ran before goes on.",
  Paused: "Nothing of it is touched, as `spec.paused` says.",
  Degraded: "It serves, but not as declared: an optional dependency is missing, or replicas are.",
  RollingBack: "A roll-out failed, and the previous version is being restored.",
};

export const REFUSAL_MEANINGS: Record<Reason, string> = {
  SchemaInvalid: "A field is unknown, missing, of the wrong type or out of range.",
  VersionInvalid: "`version` is no semantic version, or a range cannot be read.",
  NameTaken: "Another module has the name, or the database schema.",
  PortTaken: "Another module has the port. Only where all share one machine.",
  RouteConflict: "Another module has an overlapping method and path, and neither is the more specific.",
  PermissionInvalid: "A code is not `module.resource.action`, or does not begin with the module's name.",
  PermissionConflict: "A permission is declared twice.",
  RoleInvalid: "A role is declared by another module, is built in, or names a permission that no module declares.",
  TopicConflict: "Another module publishes to the topic, or an event type does not begin with its topic.",
  SubscriptionUnknown: "No module publishes the topic or type. Only a warning where the publisher is an optional dependency.",
  CallUnknown: "`calls` names a module that is no dependency, or an RPC method that the callee does not have.",
  DependencyMissing: "A required module is not there.",
  DependencyVersion: "It is there, in a version outside the range.",
  DependencyCycle: "Required dependencies go in a circle; the message shows it.",
  DependencyNotRunning: "It is there and right, but does not serve yet. The module waits and is not refused.",
  ConfigInvalid: "`config` does not fit `configSchema`.",
  SecretMissing: "A required secret, or a key of it, is not there.",
  Downgrade:
    'A lower version than the one that runs, whose migrations would have to be undone. `plinth.dev/allow-downgrade: "true"` allows it.',
};

export const CONDITION_MEANINGS: Record<ConditionType, string> = {
  Validated: "What it declares is right.",
  DependenciesResolved: "Every required dependency is there, in a version within its range, and serves.",
  Migrated: "Its database has what the declared version needs.",
  Progressing: "A roll-out is under way.",
  Degraded: "It serves, but not as declared.",
  Ready: "It serves what it declares: `kubectl wait --for=condition=Ready`.",
  Reconciling: "The declared state is not reached yet (kstatus).",
  Stalled: "Nothing will go on before somebody changes something (kstatus).",
  DeletionBlocked: "It is to be deleted, but other modules need it.",
};

export const CONDITION_REASON_MEANINGS: Record<keyof typeof REASON, string> = {
  pending: "Nothing is known yet.",
  schemaValid: "Nothing is wrong with it.",
  allResolved: "All dependencies are there and serve.",
  notNeeded: "There is nothing to do: no database, no dependency.",
  upToDate: "All migrations are applied.",
  migrationPending: "The migration has not begun.",
  migrationRunning: "The migration Job runs.",
  migrationFailed: "The migration Job failed. It is tried again, later each time, up to 5 minutes; what served goes on.",
  rollingOut: "Replicas are being replaced.",
  rolloutComplete: "All replicas have the declared version.",
  progressDeadlineExceeded: "The roll-out did not go on within `spec.strategy.progressDeadline`.",
  rollingBack: "The previous version is being restored.",
  rolledBack: "The previous version serves; the declared one is not tried again until the spec changes.",
  running: "It serves.",
  scaledToZero: "It wants no replicas.",
  replicasNotReady: "Fewer replicas are ready than wanted.",
  optionalDependencyMissing: "It does without an optional dependency.",
  asDeclared: "All is as declared.",
  paused: "`spec.paused` is set.",
  ownershipConflict: "An object of the name of a child belongs to somebody else, and is left alone.",
  reconcileFailed: "The API server did not take a write. It is tried again.",
  dependentsExist: "Other modules need it.",
  notDeleting: "It is not being deleted.",
  stopping: "It is being taken down.",
};
