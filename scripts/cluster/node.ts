import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PAUSE_IMAGE } from "../images/pause/build-pause.ts";
import type { Daemon } from "./daemons.ts";
import { type Cluster, INSIDE, NODE_NAME } from "./settings.ts";

export const CONTAINERD: Daemon = { name: "containerd", args: ["--config", `${INSIDE}/containerd.toml`] };

/** After containerd, and after the images that their first pods need. */
export function nodeDaemons(cluster: Cluster): Daemon[] {
  return [
    {
      name: "kubelet",
      args: [
        `--config=${INSIDE}/kubelet.json`,
        `--kubeconfig=${INSIDE}/pki/kubelet.kubeconfig`,
        `--hostname-override=${NODE_NAME}`,
        `--node-ip=${cluster.nodeAddress}`,
      ],
    },
    {
      name: "kube-proxy",
      args: [
        `--kubeconfig=${INSIDE}/pki/kube-proxy.kubeconfig`,
        `--hostname-override=${NODE_NAME}`,
        `--cluster-cidr=${cluster.podCidr}`,
        // These settings of the kernel belong to the host.
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
      ],
    },
  ];
}

/** Writes the settings of containerd, its network plugins and the kubelet. */
export function writeNodeFiles(cluster: Cluster, cniPlugins: string): void {
  writeFileSync(join(cluster.folder, "containerd.toml"), containerdToml(cniPlugins));
  writeFileSync(join(cluster.folder, "kubelet.json"), JSON.stringify(kubeletConfiguration(cluster), undefined, 2));
  mkdirSync(join(cluster.folder, "cni"), { recursive: true });
  writeFileSync(join(cluster.folder, "cni", "10-plinth.conflist"), JSON.stringify(podNetwork(cluster), undefined, 2));
}

function containerdToml(cniPlugins: string): string {
  return `version = 2
root = "${INSIDE}/containerd"
state = "/run/containerd"
# Would otherwise make a folder in the host's /opt.
[plugins."io.containerd.internal.v1.opt"]
  path = "${INSIDE}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cniPlugins}"
    conf_dir = "${INSIDE}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${INSIDE}/certs.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}

function podNetwork(cluster: Cluster): object {
  return {
    cniVersion: "1.0.0",
    name: "plinth",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: { type: "host-local", ranges: [[{ subnet: cluster.podCidr, gateway: cluster.podGateway }]], routes: [{ dst: "0.0.0.0/0" }] },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

function kubeletConfiguration(cluster: Cluster): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: `${INSIDE}/pki/ca.crt` } },
    authorization: { mode: "Webhook" },
    tlsCertFile: `${INSIDE}/pki/kubelet.crt`,
    tlsPrivateKeyFile: `${INSIDE}/pki/kubelet.key`,
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    clusterDNS: [cluster.dnsAddress],
    clusterDomain: "cluster.local",
    resolvConf: `${INSIDE}/resolv.conf`,
    volumePluginDir: `${INSIDE}/volume-plugins`,
    cgroupRoot: cluster.cgroup,
    cgroupDriver: "cgroupfs",
    cgroupsPerQOS: true,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    // The host's disk and memory are shared with everything else on it, so only the last of them is kept free.
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 100,
    // An image that was pulled under one name is not pulled again under another: what is loaded here has no registry to ask.
    imagePullCredentialsVerificationPolicy: "NeverVerify",
    // Images are built here and cannot be pulled again.
    imageMinimumGCAge: "8760h",
    maxPods: 200,
    serializeImagePulls: false,
  };
}
