import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { installComponent } from "../components/install.ts";
import { buildOfflineImages, OFFLINE_IMAGES } from "../images/build-images.ts";
import { PAUSE_IMAGE } from "../images/pause/build-pause.ts";
import { applyAddons } from "./addons.ts";
import { makeCertificates } from "./certificates.ts";
import { makeCgroups } from "./cgroups.ts";
import { controlPlane } from "./control-plane.ts";
import { lastLines, startDaemon } from "./daemons.ts";
import { loadImages } from "./images.ts";
import { answers, kubectlFor } from "./kubectl.ts";
import { connect } from "./network.ts";
import { CONTAINERD, nodeDaemons, writeNodeFiles } from "./node.ts";
import { PROVISIONER } from "./provisioner-daemon.ts";
import { REGISTRY, writeRegistryFiles } from "./registry.ts";
import { runInside, startSandbox } from "./sandbox.ts";
import type { Cluster } from "./settings.ts";
import { readState } from "./state.ts";
import { recordSysctls } from "./sysctls.ts";
import { waitUntil } from "./wait-until.ts";

const COREDNS_IMAGE = "docker.io/coredns/coredns:1.13.1";
/** Not for running, only for building on. */
const BUILD_IMAGES = ["docker.io/library/debian:bookworm-slim", "docker.io/library/node:24-bookworm-slim"];

/** Starts what does not run yet; each step leaves alone what is as it should be. `report` hears of each step. */
export async function up(cluster: Cluster, report: (line: string) => void): Promise<void> {
  const programs = await findPrograms();
  mkdirSync(join(cluster.folder, "logs"), { recursive: true, mode: 0o755 });
  const state = readState(cluster);
  const kubectl = kubectlFor(cluster, programs.kubectl);
  recordSysctls(cluster);
  makeCgroups(cluster);
  makeCertificates(cluster);
  writeNodeFiles(cluster, programs.cniPlugins);
  writeRegistryFiles(cluster);
  copyFileSync(join(import.meta.dirname, "provisioner.ts"), join(cluster.folder, "provisioner.ts"));

  report("Namespaces and network");
  await startSandbox(cluster, state, programs.inside);
  connect(cluster, state);

  report("Control plane");
  for (const daemon of controlPlane(cluster)) startDaemon(cluster, state, daemon);
  startDaemon(cluster, state, CONTAINERD);
  startDaemon(cluster, state, REGISTRY);
  const isReady = () => answers(kubectl, ["get", "--raw", "/readyz"]);
  await waitUntil(
    "The API server is ready",
    isReady,
    120_000,
    () => `${lastLines(cluster, "etcd")}\n${lastLines(cluster, "kube-apiserver")}`,
  );

  report("Images");
  await buildOfflineImages(OFFLINE_IMAGES, (name) => report(`  making ${name}`));
  const hasContainerd = () => {
    try {
      return runInside(state, ["ctr", "version"]) !== "";
    } catch {
      return false;
    }
  };
  await waitUntil("containerd answers", hasContainerd, 30_000, () => lastLines(cluster, "containerd"));
  loadImages(cluster, state, [PAUSE_IMAGE, COREDNS_IMAGE]);

  report("Node");
  for (const daemon of nodeDaemons(cluster)) startDaemon(cluster, state, daemon);
  applyAddons(cluster, kubectl);
  startDaemon(cluster, state, PROVISIONER);
  loadImages(
    cluster,
    state,
    OFFLINE_IMAGES.filter((name) => !BUILD_IMAGES.includes(name)),
  );
  const condition = "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}";
  const nodeIsReady = () => answers(kubectl, ["get", "nodes", "--output", condition], (output) => output === "True");
  await waitUntil("The node is ready", nodeIsReady, 120_000, () => lastLines(cluster, "kubelet"));
  const dns = ["get", "deployment", "coredns", "--namespace=kube-system", "--output=jsonpath={.status.availableReplicas}"];
  await waitUntil(
    "DNS answers",
    () => answers(kubectl, dns, (output) => output === "1"),
    120_000,
    () => lastLines(cluster, "kubelet"),
  );
}

interface Programs {
  readonly kubectl: string;
  readonly cniPlugins: string;
  /** What is run inside, by its name there. */
  readonly inside: Readonly<Record<string, string>>;
}

export async function findPrograms(): Promise<Programs> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new Error("The cluster needs Linux and root. Elsewhere: kind, k3d or minikube, see the README.");
  }
  const variables = await installComponent("cluster");
  const path = (variable: string): string => {
    const value = variables[variable];
    if (value === undefined) throw new Error(`The component cluster does not name ${variable}.`);
    return value;
  };
  return {
    kubectl: path("PLINTH_KUBECTL"),
    cniPlugins: path("PLINTH_CNI_PLUGINS"),
    inside: {
      etcd: path("PLINTH_ETCD"),
      containerd: path("PLINTH_CONTAINERD"),
      "kube-apiserver": path("PLINTH_KUBE_APISERVER"),
      "kube-controller-manager": path("PLINTH_KUBE_CONTROLLER_MANAGER"),
      "kube-scheduler": path("PLINTH_KUBE_SCHEDULER"),
      kubelet: path("PLINTH_KUBELET"),
      "kube-proxy": path("PLINTH_KUBE_PROXY"),
      registry: path("PLINTH_REGISTRY"),
      node: process.execPath,
    },
  };
}
