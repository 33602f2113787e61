/** Every reason for which a module is refused, in the order in which they are documented. */
export const REASONS = [
  "SchemaInvalid",
  "VersionInvalid",
  "NameTaken",
  "PortTaken",
  "RouteConflict",
  "PermissionInvalid",
  "PermissionConflict",
  "RoleInvalid",
  "TopicConflict",
  "SubscriptionUnknown",
  "CallUnknown",
  "DependencyMissing",
  "DependencyVersion",
  "DependencyCycle",
  "DependencyNotRunning",
  "ConfigInvalid",
  "SecretMissing",
  "Downgrade",
] as const;

/** Why a module is refused, or waits. */
export type Reason = (typeof REASONS)[number];

/** A place in a file; lines and columns count from 1. */
export interface Location {
  file: string;
  line: number;
  column: number;
}

/** One thing that is wrong with a module, with all that its author needs to mend it. */
export interface Problem extends Partial<Location> {
  /** The module's name; empty if the file does not tell. */
  module: string;
  /** The field, for instance `spec.routes[0].path`; empty for the file as a whole. */
  path: string;
  /** What is written there, fit to be shown: shortened, and never a secret. */
  value: string;
  reason: Reason;
  /** What is wrong. */
  message: string;
  /** What to do about it. */
  mend: string;
}
