import { controlPlane } from "./control-plane.ts";
import { isRunning } from "./daemons.ts";
import { answers, kubectlFor } from "./kubectl.ts";
import { CONTAINERD, nodeDaemons } from "./node.ts";
import { isAlive } from "./processes.ts";
import { PROVISIONER } from "./provisioner-daemon.ts";
import { REGISTRY } from "./registry.ts";
import type { Cluster } from "./settings.ts";
import { readState } from "./state.ts";

export interface Status {
  /** `broken`: some of it runs; `up` mends it. */
  readonly phase: "up" | "broken" | "down";
  readonly folder: string;
  readonly kubeconfig: string;
  readonly apiServer: boolean;
  readonly node: boolean;
  readonly daemons: Readonly<Record<string, boolean>>;
  readonly images: readonly string[];
}

export function statusOf(cluster: Cluster, kubectlProgram: string): Status {
  const state = readState(cluster);
  const isSandboxAlive = isAlive(state.sandbox?.init);
  const names = [...controlPlane(cluster), CONTAINERD, ...nodeDaemons(cluster), PROVISIONER, REGISTRY].map(({ name }) => name);
  const daemons = Object.fromEntries(names.map((name) => [name, isRunning(state, name)]));
  const kubectl = kubectlFor(cluster, kubectlProgram);
  const apiServer = isSandboxAlive && answers(kubectl, ["get", "--raw", "/readyz"]);
  const ready = ["get", "nodes", "--output", "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}"];
  const node = apiServer && answers(kubectl, ready, (output) => output === "True");
  const isUp = node && Object.values(daemons).every(Boolean);
  return {
    phase: isUp ? "up" : isSandboxAlive ? "broken" : "down",
    folder: cluster.folder,
    kubeconfig: cluster.kubeconfig,
    apiServer,
    node,
    daemons,
    images: isSandboxAlive ? Object.keys(state.images) : [],
  };
}

export function renderStatus(status: Status): string {
  const mark = (isWell: boolean) => (isWell ? "running" : "not running");
  const lines = [
    `phase       ${status.phase}`,
    `folder      ${status.folder}`,
    `api server  ${status.apiServer ? "ready" : "not ready"}`,
    `node        ${status.node ? "ready" : "not ready"}`,
    ...Object.entries(status.daemons).map(([name, isWell]) => `  ${name.padEnd(24)} ${mark(isWell)}`),
    ...(status.images.length > 0 ? ["images", ...status.images.map((image) => `  ${image}`)] : []),
    ...(status.phase === "down" ? ["", "Start it: npm run cluster -- up"] : []),
    ...(status.phase === "broken" ? ["", "Mend it: npm run cluster -- up"] : []),
  ];
  return `${lines.join("\n")}\n`;
}
