import { type KubeObject, resourcePath } from "@plinth/kernel/kube";
import { type Fault, type FaultProxy, type SeenRequest, startFaultProxy, type TestCluster } from "@plinth/kernel/test-cluster";
import type { ModuleSpec, ModuleStatus } from "@plinth/module";
import { KINDS } from "../../../kube/kinds.ts";
import { createWriter } from "../../../kube/writer.ts";
import { describeObjects, uidsOf } from "./describe-objects.ts";
import type { ObservedCluster } from "./observed-cluster.ts";
import type { OperatorProcess, OperatorProcessOptions } from "./operator-process.ts";

const ADMINISTRATOR = "postgres://admin:secret@db.example:5432/shop";

/** A namespace with Modules, a proxy before the API server, and an operator behind it that looks after this namespace alone. */
export interface Lane {
  readonly namespace: string;
  readonly proxy: FaultProxy;
  readonly operator: OperatorProcess;
  /** Writes that the operator sent, in order: no Leases, no Events. */
  readonly writes: string[];
  apply(name: string, spec: Partial<ModuleSpec>): Promise<void>;
  remove(name: string): Promise<void>;
  modules(): KubeObject[];
  statusOf(name: string): ModuleStatus | undefined;
  /** What is there now; see `describeObjects`. */
  describe(): string[];
  /** What is there now is what "kept" means from here on. */
  remember(): void;
  stop(): Promise<void>;
}

export interface LaneOptions {
  readonly cluster: TestCluster;
  readonly observed: ObservedCluster;
  readonly namespace: string;
  readonly start: (options: OperatorProcessOptions) => Promise<OperatorProcess>;
  /** What becomes of a request; `write` is undefined for what is no write of the operator's work. */
  readonly choose?: (request: SeenRequest, write: string | undefined, lane: Lane) => Fault | undefined | Promise<Fault | undefined>;
}

export async function openLane({ cluster, observed, namespace, start, choose }: LaneOptions): Promise<Lane> {
  const writer = createWriter(cluster.client);
  await writer.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "plinth-postgres", namespace } };
  await writer.create({ ...secret, stringData: { url: ADMINISTRATOR } });
  const writes: string[] = [];
  let before: ReadonlyMap<string, string> = new Map();
  let lane: Lane | undefined;
  const proxy = await startFaultProxy({
    target: cluster.server,
    serving: cluster.serving,
    credentials: cluster.adminCredentials,
    choose(request) {
      const write = writeOf(request, namespace);
      if (write !== undefined) writes.push(write);
      return lane === undefined ? undefined : choose?.(request, write, lane);
    },
  });
  const operator = await start({ cluster, server: proxy.server, namespace, identity: namespace });
  const modules = (): KubeObject[] => observed.objects(namespace).filter(({ kind }) => kind === "Module");
  lane = {
    namespace,
    proxy,
    operator,
    writes,
    async apply(name, spec) {
      await cluster.client.request({
        method: "PATCH",
        path: resourcePath(KINDS.Module, { namespace, name }),
        query: { fieldManager: "user", force: true },
        contentType: "application/apply-patch+yaml",
        body: { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name, namespace }, spec: { version: "1.0.0", ...spec } },
      });
    },
    async remove(name) {
      await cluster.client.request({ method: "DELETE", path: resourcePath(KINDS.Module, { namespace, name }) });
    },
    modules,
    statusOf: (name) => modules().find(({ metadata }) => metadata.name === name)?.status as ModuleStatus | undefined,
    describe: () => describeObjects(namespace, observed.objects(namespace), before),
    remember() {
      before = uidsOf(observed.objects(namespace));
    },
    async stop() {
      await operator.stop();
      await proxy.close();
    },
  };
  return lane;
}

/** A write of the operator's work, the same text for the same write in any namespace. */
function writeOf({ method, path }: SeenRequest, namespace: string): string | undefined {
  if (method === "GET" || path.includes("/leases") || path.includes("/events")) return undefined;
  return `${method} ${path.replace(namespace, "(namespace)").replace(/^\/apis?\//, "")}`;
}
