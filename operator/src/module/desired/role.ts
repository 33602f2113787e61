import type { KubeObject } from "@plinth/kernel/kube";
import { GATEWAY_MODULE, isKernelModule, type Module } from "@plinth/module";
import type { Resolved } from "../resolved.ts";
import type { Settings } from "../settings.ts";
import { childMetadata } from "./metadata.ts";
import { configMapName, databaseSecretName } from "./names.ts";
import { needsPostgres } from "./needs-postgres.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** They follow the set of modules themselves. */
const FOLLOWERS = [GATEWAY_MODULE, "authz"];

/**
 * What the module may ask of the API server: its own declaration and database Secret, and where the others are; nothing for an image that does not know the platform.
 */
export function buildRole({ module }: Resolved, settings: Settings): KubeObject {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: childMetadata(module),
    rules: isKernelModule(module) ? [...rulesOf(module, settings)] : [],
  };
}

function* rulesOf(module: Module, { discovery }: Settings): Generator<Rule> {
  const { name } = module.metadata;
  yield { apiGroups: [""], resources: ["configmaps"], resourceNames: [configMapName(name)], verbs: ["get", "list", "watch"] };
  if (needsPostgres(module)) {
    yield { apiGroups: [""], resources: ["secrets"], resourceNames: [databaseSecretName(name)], verbs: ["get", "list", "watch"] };
  }
  // Each module finds at least the one that issues users' tokens.
  if (discovery === "kubernetes") {
    yield { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] };
  }
  if (name === GATEWAY_MODULE) {
    // Its callees are all modules with routes: tokens in its pods would restart it whenever one comes or goes.
    yield { apiGroups: [""], resources: ["serviceaccounts/token"], resourceNames: [name], verbs: ["create"] };
  }
  if (FOLLOWERS.includes(name)) {
    yield { apiGroups: ["plinth.dev"], resources: ["modules"], verbs: ["get", "list", "watch"] };
    yield { apiGroups: ["apps"], resources: ["controllerrevisions"], verbs: ["get", "list"] };
  }
}
