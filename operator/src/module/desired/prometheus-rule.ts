import type { KubeObject } from "@plinth/kernel/kube";
import { GATEWAY_MODULE, isKernelModule, type Module } from "@plinth/module";
import type { Resolved } from "../resolved.ts";
import type { Settings } from "../settings.ts";
import { childMetadata } from "./metadata.ts";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  /** How long it must hold. */
  readonly for: string;
  readonly severity: "critical" | "warning";
  readonly summary: string;
}

/** Alerts on what the module's callers would notice, and on work that piles up. */
export function buildPrometheusRule({ module }: Resolved, { monitoring }: Settings): KubeObject | undefined {
  if (!monitoring.prometheusRules || !isKernelModule(module) || module.spec.ports?.http === undefined) return undefined;
  const { name } = module.metadata;
  const rules = alertsOf(module).map(({ severity, summary, ...rule }) => ({
    ...rule,
    labels: { severity, module: name },
    annotations: { summary },
  }));
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: childMetadata(module, undefined, { labels: monitoring.labels }),
    spec: { groups: [{ name: `plinth-${name}`, rules }] },
  };
}

function alertsOf(module: Module): Alert[] {
  const { name } = module.metadata;
  return [
    {
      alert: "PlinthModuleDown",
      expr: `absent(up{${inNamespace(module)}service="${name}"} == 1)`,
      for: "5m",
      severity: "critical",
      summary: `No replica of ${name} answers.`,
    },
    {
      alert: "PlinthModuleErrors",
      expr: failures(module),
      for: "10m",
      severity: "warning",
      summary: `More than 5 % of the calls to ${name} fail by its own fault.`,
    },
    ...(needsOutbox(module) ? backlog(module, "plinth_outbox_depth", "PlinthOutboxBacklog", `Events of ${name} wait to be sent.`) : []),
    ...(module.spec.events?.subscribes === undefined
      ? []
      : backlog(module, "plinth_bus_lag", "PlinthBusLag", `${name} is behind with the events it reads.`)),
  ];
}

/** The gateway answers HTTP requests of any kind, the others RPC calls; a time-out or a refusal may be the caller's doing. */
function failures(module: Module): string {
  const isGateway = module.metadata.name === GATEWAY_MODULE;
  const metric = isGateway ? "plinth_http_server_duration_seconds_count" : "plinth_rpc_server_duration_seconds_count";
  const wrong = isGateway ? "5.." : "INTERNAL_ERROR|SERVICE_UNAVAILABLE|DEPENDENCY_FAILED";
  const rate = (more: string): string => `sum(rate(${metric}{${selector(module)}${more}}[5m]))`;
  return `${rate(`,code=~"${wrong}"`)} / ${rate("")} > 0.05`;
}

function needsOutbox({ spec }: Module): boolean {
  return spec.database !== undefined && spec.events?.publishes !== undefined;
}

function backlog(module: Module, metric: string, alert: string, summary: string): Alert[] {
  return [{ alert, expr: `max(${metric}{${selector(module)}}) > 1000`, for: "10m", severity: "warning", summary }];
}

/** Two namespaces may have modules of one name. */
export function selector(module: Module): string {
  return `${inNamespace(module)}module="${module.metadata.name}"`;
}

function inNamespace({ metadata: { namespace } }: Module): string {
  return namespace === undefined ? "" : `namespace="${namespace}",`;
}
