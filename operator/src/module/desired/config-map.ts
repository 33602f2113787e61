import type { KubeObject } from "@plinth/kernel/kube";
import { isKernelModule } from "@plinth/module";
import type { Resolved } from "../resolved.ts";
import { canonicalJson } from "./canonical-json.ts";
import { childMetadata } from "./metadata.ts";
import { configMapName } from "./names.ts";

/** What the pods read and watch: the module as it was accepted, and what they must know of the others. Undefined for an image that would not read it. */
export function buildConfigMap({ module, neighbours }: Resolved): KubeObject | undefined {
  if (!isKernelModule(module)) return undefined;
  const { name, namespace, labels } = module.metadata;
  const accepted = {
    apiVersion: module.apiVersion,
    kind: module.kind,
    metadata: { name, namespace, labels },
    spec: module.spec,
  };
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: childMetadata(module, configMapName(name)),
    data: { "module.json": canonicalJson(accepted), "neighbours.json": canonicalJson(neighbours) },
  };
}
