import { execFileSync } from "node:child_process";
import { parseAllDocuments, stringify } from "yaml";

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly labels?: Record<string, string>; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** Helm as the tests find it: PLINTH_HELM, or the `helm` of the path. The version is that of the oldest cluster the chart is made for, or newer. */
export function helm(args: readonly string[]): string {
  return execFileSync(process.env.PLINTH_HELM ?? "helm", args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 << 20,
  });
}

export const KUBE_VERSION = "1.36.0";

/**
 * The operator of the chart as plain manifests, for those who do without Helm: no modules, no Postgres, no hooks, and no word of Helm in the labels.
 */
export function operatorManifests(chart: string): string {
  const rendered = helm([
    ...["template", "plinth", chart, "--namespace", "plinth", "--kube-version", KUBE_VERSION, "--no-hooks"],
    ...["--set", "postgres.enabled=false"],
  ]);
  const manifests = parseAllDocuments(rendered)
    .map((document) => document.toJSON() as Manifest | null)
    .filter((manifest): manifest is Manifest => manifest !== null && manifest.kind !== "Module");
  const header = "# Generated from charts/plinth by scripts/render-k8s.ts: do not edit.\n";
  return header + manifests.map((manifest) => stringify(withoutHelm(manifest), { lineWidth: 0 })).join("---\n");
}

function withoutHelm<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutHelm) as T;
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([name]) => name !== "helm.sh/chart" && name !== "app.kubernetes.io/managed-by");
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutHelm(field)])) as T;
}
