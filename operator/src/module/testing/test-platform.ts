import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type KubeClient, type KubeObject, type Resource, resourcePath } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { createTracing } from "@plinth/kernel/telemetry";
import type { TestCluster } from "@plinth/kernel/test-cluster";
import type { ModuleSpec, ModuleStatus } from "@plinth/module";
import { Registry } from "prom-client";
import { parse } from "yaml";
import { KINDS, type KindName } from "../../kube/kinds.ts";
import { createWriter, type Writer } from "../../kube/writer.ts";
import type { Happening } from "../../runtime/event-series.ts";
import { runReflector } from "../../runtime/reflector.ts";
import { createRuntimeMetrics } from "../../runtime/runtime-metrics.ts";
import { createStore, type Store } from "../../runtime/store.ts";
import { createModuleController } from "../module-controller.ts";
import { DEFAULT_SETTINGS, type Settings } from "../settings.ts";
import { settingsHash } from "../settings-hash.ts";
import { type Players, playControllers } from "./play-controllers.ts";

const CRD = join(import.meta.dirname, "../../../../k8s/crds/plinth.dev_modules.yaml");

/** To see that nothing happens takes time: longer than anything is put off without a cause. */
const QUIET_MS = 1200;

/** One write of the operator. */
export interface Write {
  readonly method: string;
  readonly path: string;
}

/** What was told about a Module. */
export type Heard = Happening & { readonly module: string };

/** An operator at work in a namespace of its own, and those who play the rest of Kubernetes. */
export interface TestPlatform {
  readonly namespace: string;
  /** As cluster administrator. */
  readonly client: KubeClient;
  readonly writer: Writer;
  readonly players: Players;
  /** What the operator wrote, Events apart. */
  readonly writes: Write[];
  readonly happenings: readonly Heard[];
  /** Called before each write of the operator, which waits for it: somebody else may be faster. */
  meddle(before: (write: Write) => Promise<void>): void;
  /** The first thing of this reason that is told, from the beginning. */
  hear(reason: string): Promise<Heard>;
  apply(name: string, spec: Partial<ModuleSpec>, metadata?: Partial<KubeObject["metadata"]>): Promise<KubeObject>;
  find(kind: KindName, name: string): Promise<KubeObject | undefined>;
  remove(kind: KindName, name: string): Promise<void>;
  /** The Module's status once it fulfils the condition; its status says what is missing if that never comes. */
  statusWhen(name: string, condition: (status: ModuleStatus, module: KubeObject) => boolean): Promise<ModuleStatus>;
  /** An object of the operator's, once it fulfils the condition. */
  objectWhen(kind: KindName, name: string, condition: (object: KubeObject | undefined) => boolean): Promise<KubeObject | undefined>;
  /** Ends the operator and begins another one, with other settings if some are given. */
  restart(changed?: Partial<Settings>): Promise<void>;
  /** Resolves when the operator has had nothing to do for longer than it puts anything off. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the kind Module known. */
export async function installCrd(client: KubeClient): Promise<void> {
  await createWriter(client).apply(parse(readFileSync(CRD, "utf8")) as KubeObject);
  const name = "modules.plinth.dev";
  for (;;) {
    const found = await client.find(KINDS.CustomResourceDefinition, { name });
    const { conditions } = (found?.status ?? {}) as { conditions?: readonly { type: string; status: string }[] | null };
    if (conditions?.some(({ type, status }) => type === "Established" && status === "True")) return;
  }
}

export async function startTestPlatform(cluster: TestCluster, namespace: string, settings: Partial<Settings> = {}): Promise<TestPlatform> {
  const { client } = cluster;
  const writer = createWriter(client);
  await writer.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const everything = new AbortController();
  const stores = new Map<string, { store: Store<KubeObject>; looks: Set<() => void> }>();
  const writes: Write[] = [];
  const happenings: Heard[] = [];
  const listeners = new Set<() => void>();
  const players = playControllers(client, everything.signal);
  let current = { ...DEFAULT_SETTINGS, ...settings };
  let meddler: ((write: Write) => Promise<void>) | undefined;
  let operator = startOperator();

  function startOperator(): { end: () => Promise<void>; idle: () => Promise<void> } {
    const ending = new AbortController();
    const counting: KubeClient = {
      ...client,
      async request(request) {
        const write = { method: request.method, path: request.path };
        if (request.method !== "GET") {
          writes.push(write);
          await meddler?.(write);
        }
        return client.request(request);
      },
    };
    const registry = new Registry();
    const controller = createModuleController({
      client,
      metrics: createRuntimeMetrics(registry),
      writing: counting,
      settings: current,
      settingsHash: settingsHash(current, ""),
      namespaces: [namespace],
      recorder: {
        record(object, happening) {
          happenings.push({ ...happening, module: object.metadata.name });
          for (const listener of [...listeners]) listener();
        },
      },
      tracing: createTracing({ module: "operator", version: "0.0.0", exporter: "none", ratio: 0 }),
      logger: silentLogger,
      signal: ending.signal,
    });
    const ended = controller.run(ending.signal, new AbortController().signal);
    return {
      async idle() {
        let since = performance.now();
        let last = "";
        while (performance.now() - since < QUIET_MS) {
          const now = await readWork(registry);
          if (now !== last) since = performance.now();
          last = now;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
      async end() {
        ending.abort();
        await ended.catch(() => undefined);
      },
    };
  }

  function follow(kind: KindName): { store: Store<KubeObject>; looks: Set<() => void> } {
    const known = stores.get(kind);
    if (known !== undefined) return known;
    const store = createStore<KubeObject>({ logger: silentLogger });
    const looks = new Set<() => void>();
    store.onChange(() => {
      for (const look of [...looks]) look();
    });
    const resource: Resource = KINDS[kind];
    void runReflector({ client, resource, namespace, store, logger: silentLogger, signal: everything.signal });
    const made = { store, looks };
    stores.set(kind, made);
    return made;
  }

  async function objectWhen(
    kind: KindName,
    name: string,
    condition: (object: KubeObject | undefined) => boolean,
  ): Promise<KubeObject | undefined> {
    const { store, looks } = follow(kind);
    await store.whenSynced(everything.signal);
    return new Promise((resolve, reject) => {
      function look(): void {
        const object = store.get(namespace, name);
        if (!condition(object)) return;
        end();
        resolve(object);
      }
      function end(): void {
        looks.delete(look);
        everything.signal.removeEventListener("abort", give);
      }
      // Shown where a test runs into its time-out.
      function give(): void {
        end();
        reject(
          new Error(`${kind} ${name} never came to that; it is ${JSON.stringify(store.get(namespace, name)?.status ?? null, null, 1)}`),
        );
      }
      looks.add(look);
      everything.signal.addEventListener("abort", give);
      look();
    });
  }

  return {
    namespace,
    client,
    writer,
    players,
    idle: () => operator.idle(),
    hear(reason) {
      return new Promise((resolve) => {
        function look(): void {
          const found = happenings.find((happening) => happening.reason === reason);
          if (found === undefined) return;
          listeners.delete(look);
          resolve(found);
        }
        listeners.add(look);
        look();
      });
    },
    writes,
    happenings,
    meddle(before) {
      meddler = before;
    },
    objectWhen,
    apply(name, spec, metadata = {}) {
      const module = {
        apiVersion: "plinth.dev/v1alpha1",
        kind: "Module",
        metadata: { name, namespace, ...metadata },
        spec: { version: "1.0.0", ...spec },
      };
      return client.request({
        method: "PATCH",
        path: resourcePath(KINDS.Module, { namespace, name }),
        query: { fieldManager: "user", force: true },
        body: module,
        contentType: "application/apply-patch+yaml",
      });
    },
    find: (kind, name) => client.find(KINDS[kind], { namespace, name }),
    async remove(kind, name) {
      await client.request({ method: "DELETE", path: resourcePath(KINDS[kind], { namespace, name }) });
    },
    async statusWhen(name, condition) {
      const found = await objectWhen("Module", name, (module) => {
        const status = module?.status as ModuleStatus | undefined;
        return (
          module !== undefined &&
          status !== undefined &&
          status.observedGeneration === module.metadata.generation &&
          condition(status, module)
        );
      });
      return found?.status as ModuleStatus;
    },
    async restart(changed = {}) {
      await operator.end();
      current = { ...current, ...changed };
      operator = startOperator();
    },
    async stop() {
      everything.abort();
      await operator.end();
    },
  };
}

/** How much was done, and how much is in hand: the same text, the same state. */
async function readWork(registry: Registry): Promise<string> {
  const names = ["controller_runtime_reconcile_total", "controller_runtime_active_workers", "workqueue_depth", "workqueue_adds_total"];
  const values = await Promise.all(names.map(async (name) => (await registry.getSingleMetric(name)?.get())?.values));
  return JSON.stringify(values);
}
