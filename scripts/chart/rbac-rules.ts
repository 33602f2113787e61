import { stringify } from "yaml";
import { KINDS, type Kind } from "../../operator/src/kube/kinds.ts";

/** A rule as Role and ClusterRole have it. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export interface RbacRules {
  /** In all namespaces, or in those that the operator is given. */
  readonly namespaced: readonly Rule[];
  /** What has no namespace. */
  readonly cluster: readonly Rule[];
}

/** Kinds of which the operator touches single objects whose names follow from the release's: the chart's templates give these rights by name. */
const BY_NAME = new Set<string>(["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "Lease"]);

/** Written by the hook `crd`, with an account of its own; the operator itself only looks which CRDs there are. */
const READ_ONLY = new Set<string>(["CustomResourceDefinition"]);

/** The rights of the operator: what its table of kinds says, no more. */
export function buildRbacRules(kinds: Readonly<Record<string, Kind>> = KINDS): RbacRules {
  const known = Object.values(kinds).filter(({ kind }) => !BY_NAME.has(kind));
  return {
    namespaced: rulesOf(known.filter(({ namespaced }) => namespaced)),
    cluster: rulesOf(known.filter(({ namespaced }) => !namespaced)),
  };
}

/** The file that the chart's templates read. */
export function rbacFile(): string {
  return `# Generated from operator/src/kube/kinds.ts by scripts/generate-chart.ts: do not edit.\n${stringify(buildRbacRules(), { lineWidth: 0 })}`;
}

/** One rule for all resources of a group with the same verbs. */
function rulesOf(kinds: readonly Kind[]): Rule[] {
  const rules = new Map<string, { apiGroups: string[]; resources: string[]; verbs: readonly string[] }>();
  for (const { group, kind, plural, verbs, subresources = {} } of kinds) {
    const asked = READ_ONLY.has(kind) ? verbs.filter((verb) => verb === "get" || verb === "list" || verb === "watch") : verbs;
    for (const [resource, wanted] of [[plural, asked] as const, ...subrights(plural, subresources)]) {
      const key = `${group} ${wanted.join()}`;
      const rule = rules.get(key) ?? { apiGroups: [group], resources: [], verbs: [...wanted] };
      rule.resources.push(resource);
      rules.set(key, rule);
    }
  }
  return [...rules.values(), ...kinds.flatMap(namedRules)];
}

function subrights(plural: string, subresources: NonNullable<Kind["subresources"]>): (readonly [string, readonly string[]])[] {
  return Object.entries(subresources).map(([name, verbs]) => [`${plural}/${name}`, verbs] as const);
}

function namedRules({ group, plural, named = [] }: Kind): Rule[] {
  return named.map(({ subresource, names, verbs }) => ({
    apiGroups: [group],
    resources: [`${plural}/${subresource}`],
    resourceNames: names,
    verbs,
  }));
}
