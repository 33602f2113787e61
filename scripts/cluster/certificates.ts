import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";
import { API_PORT, type Cluster, NODE_NAME } from "./settings.ts";

const DAYS = "3650";

interface Identity {
  readonly name: string;
  readonly subject: string;
  /** Of servers. */
  readonly alternativeNames?: readonly string[];
}

/** Makes the certificate authority, the certificates and the kubeconfig files that are missing. */
export function makeCertificates(cluster: Cluster): void {
  const folder = join(cluster.folder, "pki");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const at = (file: string) => join(folder, file);
  if (!existsSync(at("ca.crt"))) {
    newKey(at("ca.key"));
    run("openssl", ["req", "-x509", "-new", "-key", at("ca.key"), "-subj", "/CN=plinth-cluster", "-days", DAYS, "-out", at("ca.crt")]);
  }
  if (!existsSync(at("service-accounts.pub"))) {
    run("openssl", ["genrsa", "-out", at("service-accounts.key"), "2048"]);
    run("openssl", ["rsa", "-in", at("service-accounts.key"), "-pubout", "-out", at("service-accounts.pub")]);
  }
  for (const identity of identitiesOf(cluster)) {
    if (!existsSync(at(`${identity.name}.crt`))) newCertificate(folder, identity);
  }
  for (const name of ["kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"]) {
    writeKubeconfig(folder, name, `https://127.0.0.1:${API_PORT}`, at(`${name}.kubeconfig`));
  }
  writeKubeconfig(folder, "admin", `https://${cluster.nodeAddress}:${API_PORT}`, cluster.kubeconfig);
}

function identitiesOf(cluster: Cluster): Identity[] {
  return [
    {
      name: "kube-apiserver",
      subject: "/CN=kube-apiserver",
      alternativeNames: [
        ...["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"].map(
          (name) => `DNS:${name}`,
        ),
        ...["127.0.0.1", cluster.nodeAddress, cluster.apiServiceAddress].map((address) => `IP:${address}`),
      ],
    },
    { name: "kube-apiserver-kubelet-client", subject: "/O=system:masters/CN=kube-apiserver-kubelet-client" },
    { name: "admin", subject: "/O=system:masters/CN=admin" },
    { name: "kube-controller-manager", subject: "/CN=system:kube-controller-manager" },
    { name: "kube-scheduler", subject: "/CN=system:kube-scheduler" },
    { name: "kube-proxy", subject: "/CN=system:kube-proxy" },
    {
      name: "kubelet",
      subject: `/O=system:nodes/CN=system:node:${NODE_NAME}`,
      alternativeNames: [`DNS:${NODE_NAME}`, `IP:${cluster.nodeAddress}`],
    },
  ];
}

function newCertificate(folder: string, identity: Identity): void {
  const at = (suffix: string) => join(folder, `${identity.name}.${suffix}`);
  newKey(at("key"));
  const request = run("openssl", ["req", "-new", "-key", at("key"), "-subj", identity.subject]);
  const names = identity.alternativeNames ?? [];
  writeFileSync(
    at("ext"),
    ["extendedKeyUsage=serverAuth,clientAuth", ...(names.length > 0 ? [`subjectAltName=${names.join(",")}`] : []), ""].join("\n"),
  );
  const authority = ["-CA", join(folder, "ca.crt"), "-CAkey", join(folder, "ca.key"), "-CAcreateserial"];
  const certificate = run("openssl", ["x509", "-req", ...authority, "-days", DAYS, "-extfile", at("ext")], { input: request });
  writeFileSync(at("crt"), certificate);
}

function newKey(file: string): void {
  run("openssl", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file]);
}

/** With everything inside, so that the file may be copied. */
function writeKubeconfig(folder: string, name: string, server: string, file: string): void {
  const data = (suffix: string) => readFileSync(join(folder, suffix)).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "plinth", cluster: { server, "certificate-authority-data": data("ca.crt") } }],
    users: [{ name, user: { "client-certificate-data": data(`${name}.crt`), "client-key-data": data(`${name}.key`) } }],
    contexts: [{ name: "plinth", context: { cluster: "plinth", user: name } }],
    "current-context": "plinth",
  };
  writeFileSync(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
}
