import { follow, type KubeClient, type KubeObject, type Resource, resourcePath } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { NAMESPACE } from "./control-plane.ts";

export const MODULES: Resource = { group: "plinth.dev", version: "v1alpha1", kind: "Module", plural: "modules", namespaced: true };

/** Creations under way at a time. */
const AT_ONCE = 16;

export const moduleName = (index: number): string => `module-${String(index).padStart(5, "0")}`;

/** A small service as many are: a port, a few settings, no database. */
export function buildModule(index: number): KubeObject {
  return {
    apiVersion: "plinth.dev/v1alpha1",
    kind: "Module",
    metadata: {
      name: moduleName(index),
      namespace: NAMESPACE,
      labels: { "app.kubernetes.io/part-of": "plinth" },
      finalizers: ["plinth.dev/module"],
    },
    spec: { version: "1.0.0", summary: "One of many.", ports: { http: 8000 }, replicas: 2, config: { colour: "blue", size: "large" } },
  };
}

/** Creates Modules `from` … `to` - 1 as fast as the API server takes them. */
export async function createModules(client: KubeClient, from: number, to: number): Promise<void> {
  let next = from;
  const path = resourcePath(MODULES, { namespace: NAMESPACE });
  const work = async (): Promise<void> => {
    while (next < to) await client.request({ method: "POST", path, body: buildModule(next++), deadlineMs: 60_000 });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Sets the image of a Module: a change that its Deployment shows. */
export async function changeImage(client: KubeClient, name: string, image: string): Promise<void> {
  const path = resourcePath(MODULES, { namespace: NAMESPACE, name });
  await client.request({ method: "PATCH", path, contentType: "application/merge-patch+json", body: { spec: { image } } });
}

/** Which Modules run in the generation that they are in. */
export interface RunningModules {
  /** Resolves once so many do. */
  until(count: number): Promise<void>;
  readonly count: number;
}

export function followRunning(client: KubeClient, signal: AbortSignal): RunningModules {
  const running = new Set<string>();
  const waiting = new Set<() => void>();
  function take({ metadata, status }: KubeObject): void {
    const { phase, observedGeneration } = (status ?? {}) as { phase?: string; observedGeneration?: number };
    if (phase === "Running" && observedGeneration === metadata.generation) running.add(metadata.name);
    else running.delete(metadata.name);
    for (const look of waiting) look();
  }
  void follow(client, MODULES, {
    namespace: NAMESPACE,
    logger: silentLogger,
    signal,
    onReplace: (items) => items.forEach(take),
    onEvent: (type, object) => type !== "DELETED" && take(object),
  });
  return {
    get count() {
      return running.size;
    },
    until: (count) =>
      new Promise((resolve) => {
        function look(): void {
          if (running.size < count) return;
          waiting.delete(look);
          resolve();
        }
        waiting.add(look);
        look();
      }),
  };
}
