import type { KubeObject } from "@plinth/kernel/kube";
import { GATEWAY_MODULE, isKernelModule, type Module } from "@plinth/module";
import type { Resolved } from "../resolved.ts";
import type { Settings } from "../settings.ts";
import { canonicalJson } from "./canonical-json.ts";
import { hashOf } from "./desired-hash.ts";
import { childMetadata } from "./metadata.ts";
import { selector } from "./prometheus-rule.ts";

/** The label by which Grafana's sidecar finds dashboards. */
const DASHBOARD_LABEL = "grafana_dashboard";

/** Panels side by side, and their size in Grafana's grid of 24 columns. */
const COLUMNS = 2;
const WIDTH = 12;
const HEIGHT = 8;

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
}

/** A dashboard of the module: its traffic, its failures, its time, its events and what it takes. */
export function buildDashboard({ module }: Resolved, { monitoring }: Settings): KubeObject | undefined {
  if (!monitoring.dashboards || !isKernelModule(module) || module.spec.ports?.http === undefined) return undefined;
  const { name, namespace = "" } = module.metadata;
  const dashboard = {
    // Told apart from the same module's in other namespaces; Grafana takes 40 characters.
    uid: `plinth-${hashOf([namespace, name], 24)}`,
    title: `Plinth / ${namespace === "" ? name : `${namespace} / ${name}`}`,
    tags: ["plinth"],
    schemaVersion: 39,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    templating: { list: [{ name: "datasource", type: "datasource", query: "prometheus" }] },
    panels: panelsOf(module).map(drawPanel),
  };
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: childMetadata(module, `${name}-dashboard`, { labels: { [DASHBOARD_LABEL]: "1" } }),
    data: { [`plinth-${namespace === "" ? "" : `${namespace}-`}${name}.json`]: canonicalJson(dashboard) },
  };
}

function panelsOf(module: Module): Panel[] {
  const of = selector(module);
  const isGateway = module.metadata.name === GATEWAY_MODULE;
  const metric = isGateway ? "plinth_http_server_duration_seconds" : "plinth_rpc_server_duration_seconds";
  const by = isGateway ? "route" : "method";
  const { events, database } = module.spec;
  return [
    { title: "Calls", unit: "reqps", queries: [{ expr: `sum by (${by}) (rate(${metric}_count{${of}}[5m]))`, legend: `{{${by}}}` }] },
    { title: "Outcomes", unit: "reqps", queries: [{ expr: `sum by (code) (rate(${metric}_count{${of}}[5m]))`, legend: "{{code}}" }] },
    {
      title: "Time",
      unit: "s",
      queries: [0.5, 0.95, 0.99].map((quantile) => ({
        expr: `histogram_quantile(${quantile}, sum by (le) (rate(${metric}_bucket{${of}}[5m])))`,
        legend: `p${quantile * 100}`,
      })),
    },
    { title: "CPU", unit: "short", queries: [{ expr: `sum by (pod) (rate(process_cpu_seconds_total{${of}}[5m]))`, legend: "{{pod}}" }] },
    { title: "Memory", unit: "bytes", queries: [{ expr: `sum by (pod) (process_resident_memory_bytes{${of}})`, legend: "{{pod}}" }] },
    ...(database === undefined
      ? []
      : [
          {
            title: "Database",
            unit: "s",
            queries: [
              {
                expr: `histogram_quantile(0.99, sum by (le) (rate(plinth_database_query_duration_seconds_bucket{${of}}[5m])))`,
                legend: "p99 of statements",
              },
            ],
          },
        ]),
    ...(events === undefined
      ? []
      : [
          {
            title: "Events",
            unit: "short",
            queries: [
              { expr: `max(plinth_outbox_depth{${of}})`, legend: "not sent" },
              { expr: `max by (topic) (plinth_bus_lag{${of}})`, legend: "not handled: {{topic}}" },
            ],
          },
        ]),
  ];
}

function drawPanel({ title, unit, queries }: Panel, index: number): object {
  return {
    id: index + 1,
    type: "timeseries",
    title,
    datasource: { type: "prometheus", uid: "$datasource" },
    gridPos: { x: (index % COLUMNS) * WIDTH, y: Math.floor(index / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: queries.map(({ expr, legend }, query) => ({ refId: String.fromCharCode(65 + query), expr, legendFormat: legend })),
  };
}
