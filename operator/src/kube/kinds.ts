import type { Resource } from "@plinth/kernel/kube";
import { GATEWAY_MODULE } from "@plinth/module";

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";

/** A kind that the operator touches, and what it does with it: its rights are made from this table. */
export interface Kind extends Resource {
  readonly verbs: readonly Verb[];
  readonly subresources?: Readonly<Record<string, readonly Verb[]>>;
  /** Subresources of single objects, by their names. */
  readonly named?: readonly { readonly subresource: string; readonly names: readonly string[]; readonly verbs: readonly Verb[] }[];
  /** Where its CRD is installed; the platform runs without. */
  readonly optional?: true;
}

const READ: readonly Verb[] = ["get", "list", "watch"];
/** Server-side apply is a patch, and a create where nothing is there yet. */
const OWN: readonly Verb[] = ["get", "list", "watch", "create", "patch", "delete"];

function kind(apiVersion: string, name: string, plural: string, verbs: readonly Verb[], more: Partial<Kind> = {}): Kind {
  const slash = apiVersion.indexOf("/");
  const group = apiVersion.slice(0, Math.max(0, slash));
  return { group, version: apiVersion.slice(slash + 1), kind: name, plural, namespaced: true, verbs, ...more };
}

/** Every kind that the operator reads or writes, by its name. */
export const KINDS = {
  Module: kind("plinth.dev/v1alpha1", "Module", "modules", ["get", "list", "watch", "patch"], {
    // The right to finalizers is what owner references to a Module ask for.
    subresources: { status: ["patch"], finalizers: ["update"] },
  }),

  ServiceAccount: kind("v1", "ServiceAccount", "serviceaccounts", OWN, {
    // Not for itself: the gateway asks for tokens of its own account, and only who has a right can give it.
    named: [{ subresource: "token", names: [GATEWAY_MODULE], verbs: ["create"] }],
  }),
  ConfigMap: kind("v1", "ConfigMap", "configmaps", OWN),
  Secret: kind("v1", "Secret", "secrets", OWN),
  Service: kind("v1", "Service", "services", OWN),
  Role: kind("rbac.authorization.k8s.io/v1", "Role", "roles", OWN),
  RoleBinding: kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", OWN),
  NetworkPolicy: kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", OWN),
  Deployment: kind("apps/v1", "Deployment", "deployments", OWN),
  ControllerRevision: kind("apps/v1", "ControllerRevision", "controllerrevisions", OWN),
  Job: kind("batch/v1", "Job", "jobs", OWN),
  HorizontalPodAutoscaler: kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", OWN),
  PodDisruptionBudget: kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", OWN),
  Ingress: kind("networking.k8s.io/v1", "Ingress", "ingresses", OWN),
  HTTPRoute: kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", OWN, { optional: true }),
  ServiceMonitor: kind("monitoring.coreos.com/v1", "ServiceMonitor", "servicemonitors", OWN, { optional: true }),
  PrometheusRule: kind("monitoring.coreos.com/v1", "PrometheusRule", "prometheusrules", OWN, { optional: true }),

  // What the containers of a Job left behind when they ended.
  Pod: kind("v1", "Pod", "pods", ["list"]),
  EndpointSlice: kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", READ),
  Namespace: kind("v1", "Namespace", "namespaces", READ, { namespaced: false }),

  Event: kind("events.k8s.io/v1", "Event", "events", ["create", "patch"]),
  // Its own alone, in its own namespace: the chart's templates give the right by name.
  Lease: kind("coordination.k8s.io/v1", "Lease", "leases", ["get", "list", "watch", "create", "update"]),
  CustomResourceDefinition: kind(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    ["get", "list", "watch", "patch"],
    { namespaced: false },
  ),
  ValidatingWebhookConfiguration: kind(
    "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
    ["get", "list", "watch", "patch"],
    { namespaced: false },
  ),
  MutatingWebhookConfiguration: kind(
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
    ["get", "list", "watch", "patch"],
    { namespaced: false },
  ),
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;

const BY_TYPE = new Map<string, Kind>(
  Object.values(KINDS).map((known) => [`${known.group === "" ? "" : `${known.group}/`}${known.version} ${known.kind}`, known]),
);

/** What an object is, by what it says of itself. Throws for kinds that are not in the table: the operator has no right to them. */
export function getKind({ apiVersion, kind: name }: { readonly apiVersion: string; readonly kind: string }): Kind {
  const found = BY_TYPE.get(`${apiVersion} ${name}`);
  if (found === undefined) throw new Error(`The operator does not know the kind ${name} of ${apiVersion}.`);
  return found;
}
