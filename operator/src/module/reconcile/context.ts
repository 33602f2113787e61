import type { KubeClient, KubeObject } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import type { Tracing } from "@plinth/kernel/telemetry";
import type { Module, ModuleStatus } from "@plinth/module";
import type { Writer } from "../../kube/writer.ts";
import type { Recorder } from "../../runtime/recorder.ts";
import type { ChildWriter } from "../apply-children.ts";
import type { ClusterState } from "../cluster-state.ts";
import type { MigrationProgress } from "../migration-jobs.ts";
import type { ModuleSet, ModuleView } from "../module-set.ts";
import type { Revision } from "../revisions.ts";
import type { Rollout } from "../rollout.ts";
import type { SecretKeys } from "../secret-keys.ts";
import type { Settings } from "../settings.ts";
import type { Verdict } from "../verdict.ts";

/** What every reconcile works with. */
export interface Tools {
  /** For reading what is not followed. */
  readonly client: KubeClient;
  readonly writer: Writer;
  readonly children: ChildWriter;
  readonly state: ClusterState;
  readonly secretKeys: SecretKeys;
  setOf(namespace: string): ModuleSet;
  readonly settings: Settings;
  readonly settingsHash: string;
  readonly recorder: Pick<Recorder, "record">;
  readonly tracing: Tracing;
  readonly logger: Logger;
  now(): Date;
}

/** One reconcile of one Module: what was read, and what became of it on the way. */
export interface Work {
  readonly key: string;
  readonly namespace: string;
  readonly signal: AbortSignal;
  readonly set: ModuleSet;
  readonly view: ModuleView;
  /** The Module as it is in the cluster; moves with own writes. */
  object: KubeObject;
  readonly status: ModuleStatus | undefined;
  /** As declared; of one whose form is wrong only what can be relied on. */
  readonly module: Module;
  verdict: Verdict;
  revisions: readonly Revision[];
  rollout: Rollout;
  migration: MigrationProgress & { result?: ModuleStatus["migrations"]; message?: string };
  /** The administrator's URL of Postgres, where the module needs it and it is there. */
  administratorUrl: string | undefined;
  conflicts: string[];
  deletion: { readonly blockedBy: readonly string[]; readonly message?: string } | undefined;
}
