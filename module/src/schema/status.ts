import { type Static, Type } from "@sinclair/typebox";
import * as field from "./field-types.ts";

/** Every phase of a module's life, in order; the last four are states it can be in besides. */
export const PHASES = [
  "Discovered",
  "Validated",
  "Loaded",
  "Initialized",
  "Migrated",
  "Started",
  "Running",
  "Stopping",
  "Stopped",
  "Rejected",
  "Paused",
  "Degraded",
  "RollingBack",
] as const;

// What the platform writes, only it reads: open objects, so that an older reader takes a newer status.
const timestamp = Type.Optional(Type.String({ format: "date-time" }));
const count = Type.Optional(Type.Integer({ minimum: 0 }));
const words = Type.Optional(Type.String());

const Condition = Type.Object({
  type: Type.String({ maxLength: 316 }),
  status: field.oneOf(["True", "False", "Unknown"]),
  observedGeneration: count,
  lastTransitionTime: Type.String({ format: "date-time" }),
  reason: Type.String({ maxLength: 1024 }),
  message: Type.String({ maxLength: 32768 }),
});

const StatusProblem = Type.Object({
  path: Type.String({ description: "The field, for instance spec.routes[0].path." }),
  type: field.oneOf(["Error", "Warning", "Deprecation"]),
  reason: Type.String(),
  message: Type.String(),
  endOfLife: Type.Optional(Type.String({ description: "Version in which a deprecated field goes away." })),
});

const StatusDependency = Type.Object({
  module: Type.String(),
  required: words,
  resolved: words,
  phase: words,
});

export const ModuleStatus = Type.Object({
  observedGeneration: count,
  phase: Type.Optional(field.oneOf(PHASES)),
  version: Type.Optional(Type.String({ description: "The version that serves now; differs from spec.version during a roll-out." })),
  previousVersion: words,
  currentRevision: Type.Optional(Type.String({ description: "ControllerRevision of the spec that serves now; absent until one has." })),
  updateRevision: Type.Optional(Type.String({ description: "ControllerRevision of the spec that is being rolled out." })),
  failedRevision: Type.Optional(
    Type.String({ description: "ControllerRevision that was rolled back from; not tried again until the spec changes." }),
  ),
  replicas: count,
  readyReplicas: count,
  selector: Type.Optional(Type.String({ description: "Label selector of the replicas, for the scale subresource." })),
  dependencies: Type.Optional(field.list(StatusDependency, 100)),
  endpoints: Type.Optional(Type.Object({ http: words, grpc: words, public: words })),
  migrations: Type.Optional(Type.Object({ applied: count, last: words, finishedAt: timestamp })),
  configHash: words,
  settingsHash: Type.Optional(
    Type.String({ description: "Of the operator's settings with which its replicas came up last; moves when those of new settings have." }),
  ),
  // A printer column shows one value and cannot join two.
  summary: Type.Optional(
    Type.Object({
      ready: Type.Optional(Type.String({ description: "Ready of wanted replicas, as 2/2." })),
      dependencies: Type.Optional(Type.String({ description: "Names of the dependencies, joined." })),
    }),
  ),
  problems: Type.Optional(field.list(StatusProblem, 500, { description: "Everything that is wrong, at once." })),
  conditions: Type.Optional(field.listBy("type", Condition, 20)),
});

/** What the platform reports of a module. */
export type ModuleStatus = Static<typeof ModuleStatus>;

/** A step or state of a module's life. */
export type Phase = (typeof PHASES)[number];
