/** One program built from Go modules. */
export interface GoProgram {
  readonly binary: string;
  readonly goPackage: string;
  readonly variable: string;
}

/** Programs of one Go module, built together under one version. */
export interface GoComponent {
  readonly kind: "go";
  readonly module: string;
  readonly version: string;
  readonly programs: readonly GoProgram[];
  /** Staging modules that the module's own go.mod replaces by folders of its repository, with the version they are published under. */
  readonly stagingVersion?: string;
  /** Set by the linker, for programs that show their version. */
  readonly linkerValues?: Readonly<Record<string, string>>;
  /** Without cgo the binary needs no libraries, so it runs in an image made from nothing. */
  readonly static?: boolean;
}

/** Programs of Debian packages, installed on the host. */
export interface DebianComponent {
  readonly kind: "debian";
  /** A file that shows that the package is there, by package. */
  readonly packages: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
}

/** Several components under one name. */
export interface ComponentSet {
  readonly kind: "set";
  readonly components: readonly string[];
}

export type Component = GoComponent | DebianComponent | ComponentSet;

const KUBERNETES = "v1.36.3";
const KUBERNETES_PROGRAMS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"];

/** What can be asked for, by name. */
export const CATALOGUE: Readonly<Record<string, Component>> = {
  kube: {
    kind: "go",
    module: "k8s.io/kubernetes",
    version: KUBERNETES,
    programs: KUBERNETES_PROGRAMS.map((binary) => ({ binary, goPackage: `k8s.io/kubernetes/cmd/${binary}`, variable: variableOf(binary) })),
    stagingVersion: KUBERNETES.replace(/^v1\./, "v0."),
    linkerValues: {
      "k8s.io/component-base/version.gitVersion": KUBERNETES,
      "k8s.io/component-base/version.gitMajor": "1",
      "k8s.io/component-base/version.gitMinor": KUBERNETES.split(".")[1] ?? "",
    },
  },
  helm: goComponent("helm", "helm.sh/helm/v3", "v3.19.2", {
    goPackage: "helm.sh/helm/v3/cmd/helm",
    linkerValues: { "helm.sh/helm/v3/internal/version.version": "v3.19.2" },
  }),
  kubeconform: goComponent("kubeconform", "github.com/yannh/kubeconform", "v0.7.0", {
    goPackage: "github.com/yannh/kubeconform/cmd/kubeconform",
  }),
  coredns: goComponent("coredns", "github.com/coredns/coredns", "v1.13.1", { static: true }),
  skaffold: goComponent("skaffold", "github.com/GoogleContainerTools/skaffold/v2", "v2.16.1", {
    goPackage: "github.com/GoogleContainerTools/skaffold/v2/cmd/skaffold",
    linkerValues: { "github.com/GoogleContainerTools/skaffold/v2/pkg/skaffold/version.version": "v2.16.1" },
  }),
  registry: goComponent("registry", "github.com/distribution/distribution/v3", "v3.0.0", {
    goPackage: "github.com/distribution/distribution/v3/cmd/registry",
    linkerValues: { "github.com/distribution/distribution/v3/version.version": "v3.0.0" },
  }),
  kwok: goComponent("kwok", "sigs.k8s.io/kwok", "v0.7.0", { goPackage: "sigs.k8s.io/kwok/cmd/kwok" }),
  consul: goComponent("consul", "github.com/hashicorp/consul", "v1.22.3", {}),
  "http-echo": goComponent("http-echo", "github.com/hashicorp/http-echo", "v1.0.0", { static: true }),
  grpcurl: goComponent("grpcurl", "github.com/fullstorydev/grpcurl", "v1.9.3", {
    goPackage: "github.com/fullstorydev/grpcurl/cmd/grpcurl",
  }),
  etcd: { kind: "debian", packages: { "etcd-server": "/usr/bin/etcd" }, variables: { PLINTH_ETCD: "/usr/bin/etcd" } },
  node: {
    kind: "debian",
    packages: {
      containerd: "/usr/bin/containerd",
      runc: "/usr/sbin/runc",
      "containernetworking-plugins": "/usr/lib/cni/bridge",
      iptables: "/usr/sbin/iptables",
      conntrack: "/usr/sbin/conntrack",
      iproute2: "/usr/sbin/ip",
      openssl: "/usr/bin/openssl",
    },
    variables: { PLINTH_CONTAINERD: "/usr/bin/containerd", PLINTH_CNI_PLUGINS: "/usr/lib/cni" },
  },
  images: {
    kind: "debian",
    packages: { buildah: "/usr/bin/buildah", mmdebstrap: "/usr/bin/mmdebstrap" },
    variables: { PLINTH_BUILDAH: "/usr/bin/buildah", PLINTH_MMDEBSTRAP: "/usr/bin/mmdebstrap" },
  },
  /** What tests against a real API server need. */
  "api-server": { kind: "set", components: ["etcd", "kube"] },
  /** What `npm run cluster` needs. */
  cluster: { kind: "set", components: ["etcd", "node", "images", "kube", "coredns", "http-echo", "registry"] },
};

function goComponent(
  binary: string,
  module: string,
  version: string,
  options: { goPackage?: string; linkerValues?: Readonly<Record<string, string>>; static?: boolean },
): GoComponent {
  const { goPackage = module, ...rest } = options;
  return { kind: "go", module, version, programs: [{ binary, goPackage, variable: variableOf(binary) }], ...rest };
}

function variableOf(binary: string): string {
  return `PLINTH_${binary.toUpperCase().replaceAll("-", "_")}`;
}
