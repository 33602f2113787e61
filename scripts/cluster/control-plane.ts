import type { Daemon } from "./daemons.ts";
import { API_PORT, type Cluster, INSIDE } from "./settings.ts";

const PKI = `${INSIDE}/pki`;
const ETCD = "http://127.0.0.1:2379";

/** In the order in which they start. Whatever they listen on lies within the cluster's own network. */
export function controlPlane(cluster: Cluster): Daemon[] {
  return [
    {
      name: "etcd",
      args: [
        `--data-dir=${INSIDE}/etcd`,
        `--listen-client-urls=${ETCD}`,
        `--advertise-client-urls=${ETCD}`,
        "--listen-peer-urls=http://127.0.0.1:2380",
        // A cluster for development may lose its last second with the power; on slow disks this is several times faster.
        "--unsafe-no-fsync",
      ],
    },
    {
      name: "kube-apiserver",
      args: [
        `--etcd-servers=${ETCD}`,
        `--secure-port=${API_PORT}`,
        `--advertise-address=${cluster.nodeAddress}`,
        `--service-cluster-ip-range=${cluster.serviceCidr}`,
        `--tls-cert-file=${PKI}/kube-apiserver.crt`,
        `--tls-private-key-file=${PKI}/kube-apiserver.key`,
        `--client-ca-file=${PKI}/ca.crt`,
        `--service-account-key-file=${PKI}/service-accounts.pub`,
        `--service-account-signing-key-file=${PKI}/service-accounts.key`,
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        `--kubelet-client-certificate=${PKI}/kube-apiserver-kubelet-client.crt`,
        `--kubelet-client-key=${PKI}/kube-apiserver-kubelet-client.key`,
        // The node has no name that DNS knows.
        "--kubelet-preferred-address-types=InternalIP",
      ],
    },
    {
      name: "kube-controller-manager",
      args: [
        `--kubeconfig=${PKI}/kube-controller-manager.kubeconfig`,
        `--service-account-private-key-file=${PKI}/service-accounts.key`,
        `--root-ca-file=${PKI}/ca.crt`,
        `--cluster-signing-cert-file=${PKI}/ca.crt`,
        `--cluster-signing-key-file=${PKI}/ca.key`,
        `--cluster-cidr=${cluster.podCidr}`,
        "--allocate-node-cidrs",
        "--use-service-account-credentials",
        "--leader-elect=false",
        // Would otherwise be made in the host's /usr/libexec.
        `--flex-volume-plugin-dir=${INSIDE}/volume-plugins`,
      ],
    },
    { name: "kube-scheduler", args: [`--kubeconfig=${PKI}/kube-scheduler.kubeconfig`, "--leader-elect=false"] },
  ];
}
