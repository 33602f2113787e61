import { setTimeout as sleep } from "node:timers/promises";
import { follow, type Resource, resourcePath } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { type ControlPlane, NAMESPACE } from "./control-plane.ts";
import { DEPLOYMENTS } from "./deployment-player.ts";
import { changeImage, moduleName } from "./module-set.ts";

const SERVICES: Resource = { group: "", version: "v1", kind: "Service", plural: "services", namespaced: true };

export interface Latencies {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** Milliseconds from a Module's change to the watch telling of the Deployment that has it; one after the other, spread over all Modules. */
export async function changeLatencies(plane: ControlPlane, modules: number, samples: number, tag: string): Promise<number[]> {
  using seen = await watched(plane, DEPLOYMENTS, (object) => imageOf(object));
  const found: number[] = [];
  for (let index = 0; index < samples; index++) {
    const name = moduleName(Math.floor((index * modules) / samples));
    const image = `example.com/${tag}:${index}`;
    const begunAt = performance.now();
    const arrived = seen.next(`${name} ${image}`);
    await changeImage(plane.client, name, image);
    found.push((await arrived) - begunAt);
  }
  return found;
}

/** As `changeLatencies`, but begun by the clock, whether or not earlier changes have arrived. */
export async function pacedChangeLatencies(plane: ControlPlane, modules: number, samples: number, everyMs: number): Promise<number[]> {
  using seen = await watched(plane, DEPLOYMENTS, (object) => imageOf(object));
  return await Promise.all(
    Array.from({ length: samples }, async (_, index) => {
      await sleep(index * everyMs);
      const name = moduleName(Math.floor((index * modules) / samples));
      const image = `example.com/paced:${index}`;
      const begunAt = performance.now();
      const arrived = seen.next(`${name} ${image}`);
      await changeImage(plane.client, name, image);
      return (await arrived) - begunAt;
    }),
  );
}

/** Milliseconds from the deletion of a Service to the watch telling of the new one. */
export async function repairLatencies(plane: ControlPlane, modules: number, samples: number): Promise<number[]> {
  using seen = await watched(plane, SERVICES, () => "", "ADDED");
  const found: number[] = [];
  for (let index = 0; index < samples; index++) {
    const name = moduleName(Math.floor((index * modules) / samples));
    const begunAt = performance.now();
    const arrived = seen.next(`${name} `);
    await plane.client.request({ method: "DELETE", path: resourcePath(SERVICES, { namespace: NAMESPACE, name }) });
    found.push((await arrived) - begunAt);
  }
  return found;
}

export function summarise(values: readonly number[]): Latencies {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}

interface Watched extends Disposable {
  /** When an event came that tells `<name> <value>`. */
  next(told: string): Promise<number>;
}

type Watchable = Parameters<Parameters<typeof follow>[2]["onEvent"]>[1];

async function watched(plane: ControlPlane, resource: Resource, textOf: (object: Watchable) => string, only?: "ADDED"): Promise<Watched> {
  const stopping = new AbortController();
  const waiting = new Map<string, (at: number) => void>();
  await new Promise<void>((resolve) => {
    void follow(plane.client, resource, {
      namespace: NAMESPACE,
      logger: silentLogger,
      signal: stopping.signal,
      onReplace: () => resolve(),
      onEvent(type, object) {
        if (only !== undefined && type !== only) return;
        const told = `${object.metadata.name} ${textOf(object)}`;
        const tell = waiting.get(told);
        waiting.delete(told);
        tell?.(performance.now());
      },
    });
  });
  return {
    next: (told) => new Promise((resolve) => waiting.set(told, resolve)),
    [Symbol.dispose]: () => stopping.abort(new Error("All was seen.")),
  };
}

function imageOf(object: Watchable): string {
  const { template } = object.spec as { template: { spec: { containers: { image: string }[] } } };
  return template.spec.containers[0]?.image ?? "";
}
