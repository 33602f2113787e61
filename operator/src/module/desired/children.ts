import type { KubeObject } from "@plinth/kernel/kube";
import type { Parts } from "../parts.ts";
import type { Resolved } from "../resolved.ts";
import type { Settings } from "../settings.ts";
import { buildConfigMap } from "./config-map.ts";
import { buildControllerRevision } from "./controller-revision.ts";
import { buildDashboard } from "./dashboard.ts";
import { buildDatabaseSecrets } from "./database-secrets.ts";
import { buildDeployment } from "./deployment.ts";
import { withDesiredHash } from "./desired-hash.ts";
import { buildHeadlessService } from "./headless-service.ts";
import { buildHorizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts";
import { buildHttpRoute } from "./http-route.ts";
import { buildIngress } from "./ingress.ts";
import { buildMigrationJob } from "./migration-job.ts";
import { buildMigrationPolicy, buildNetworkPolicy } from "./network-policy.ts";
import { buildPodDisruptionBudget } from "./pod-disruption-budget.ts";
import { buildPrometheusRule } from "./prometheus-rule.ts";
import { buildRole } from "./role.ts";
import { buildRoleBinding } from "./role-binding.ts";
import { buildService } from "./service.ts";
import { buildServiceAccount } from "./service-account.ts";
import { buildServiceMonitor } from "./service-monitor.ts";

/**
 * The steps in which children are applied. What a pod needs to start comes before it, and the database before whatever would already use its new
 * schema: also what running pods read (`configuration`) changes only when the migration is done.
 */
export const CHILD_PHASES = ["identity", "database", "configuration", "workload", "observability"] as const;

export type ChildPhase = (typeof CHILD_PHASES)[number];

/** The children of a module by step, each with the hash of itself. What the module does not need is not among them, and is to be pruned. */
export function buildChildPhases(resolved: Resolved, settings: Settings, parts: Parts): Record<ChildPhase, KubeObject[]> {
  const children: Record<ChildPhase, (KubeObject | undefined)[]> = {
    identity: [
      buildServiceAccount(resolved),
      buildRole(resolved, settings),
      buildRoleBinding(resolved),
      ...buildDatabaseSecrets(resolved, parts.database),
      buildNetworkPolicy(resolved, settings),
      buildMigrationPolicy(resolved, settings),
      buildService(resolved),
      buildHeadlessService(resolved),
    ],
    database: [buildMigrationJob(resolved, settings, parts)],
    configuration: [buildControllerRevision(resolved, parts), buildConfigMap(resolved)],
    workload: [
      buildDeployment(resolved, settings, parts),
      buildHorizontalPodAutoscaler(resolved),
      buildPodDisruptionBudget(resolved, settings),
      buildHttpRoute(resolved, settings),
      buildIngress(resolved, settings),
    ],
    observability: [buildServiceMonitor(resolved, settings), buildPrometheusRule(resolved, settings), buildDashboard(resolved, settings)],
  };
  const finished = CHILD_PHASES.map((phase) => [phase, children[phase].filter((child) => child !== undefined).map(withDesiredHash)]);
  return Object.fromEntries(finished) as Record<ChildPhase, KubeObject[]>;
}

/** All children in the order in which they are applied. */
export function buildChildren(resolved: Resolved, settings: Settings, parts: Parts): KubeObject[] {
  const phases = buildChildPhases(resolved, settings, parts);
  return CHILD_PHASES.flatMap((phase) => phases[phase]);
}
