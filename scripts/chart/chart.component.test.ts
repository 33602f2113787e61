import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { parseModules } from "@plinth/module";
import { parse } from "yaml";
import { KINDS } from "../../operator/src/kube/kinds.ts";
import { buildRole } from "../../operator/src/module/desired/role.ts";
import { DEFAULT_SETTINGS } from "../../operator/src/module/settings.ts";
import { helm, KUBE_VERSION } from "./operator-manifests.ts";

const ROOT = join(import.meta.dirname, "../..");
const CHART = join(ROOT, "charts/plinth");
const NAMESPACE = "plinth";

describeCluster("the chart, on a real API server", () => {
  let cluster: TestCluster;
  let kubeconfig: string;

  /** No operator answers here, and no kube-proxy refuses in its place. */
  const webhook = ["--set", "webhook.timeoutSeconds=1"];
  const release = (...args: string[]): string => helm([...args, "--kubeconfig", kubeconfig, "--namespace", NAMESPACE]);
  const kubectl = (...args: string[]): string =>
    execFileSync(process.env.PLINTH_KUBECTL ?? "kubectl", ["--kubeconfig", kubeconfig, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  const secretUrl = async (): Promise<string> => {
    const secret = await cluster.client.find<KubeObject & { data: { url: string } }>(KINDS.Secret, {
      namespace: NAMESPACE,
      name: "plinth-postgres",
    });
    return Buffer.from(secret?.data.url ?? "", "base64").toString();
  };
  const moduleNames = async (): Promise<string[]> =>
    (await cluster.client.list(KINDS.Module, { namespace: NAMESPACE })).items.map(({ metadata }) => metadata.name).sort();

  beforeAll(async () => {
    cluster = await startTestCluster();
    const { tls } = cluster.adminCredentials;
    const data = (pem: unknown): string => Buffer.from(String(pem)).toString("base64");
    kubeconfig = join(cluster.folder, "kubeconfig");
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "test",
        contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
        clusters: [{ name: "test", cluster: { server: cluster.server, "certificate-authority-data": data(tls?.ca) } }],
        users: [{ name: "admin", user: { "client-certificate-data": data(tls?.cert), "client-key-data": data(tls?.key) } }],
      }),
    );
    kubectl("create", "namespace", NAMESPACE);
  });
  afterAll(() => cluster?.stop());

  test("the server takes everything that it installs", () => {
    kubectl("apply", "--server-side", "-f", join(CHART, "crds"));
    kubectl("wait", "--for=condition=Established", "crd/modules.plinth.dev");
    for (const values of readdirSync(CHART).filter((name) => /^values.*\.yaml$/.test(name))) {
      // Nothing here serves the kinds of Prometheus' operator.
      release(
        "install",
        "plinth",
        CHART,
        "-f",
        join(CHART, values),
        "--dry-run=server",
        "--set",
        "metrics.serviceMonitors=false,metrics.prometheusRules=false",
      );
    }
  });

  test("it installs, and an upgrade keeps the password of Postgres and lays values over modules", async () => {
    release("install", "plinth", CHART, "--no-hooks", ...webhook);
    const packed = readdirSync(join(CHART, "files/modules")).map((file) => file.replace(".yaml", ""));
    // Neither demo data nor simulators come unasked.
    expect(await moduleNames()).toEqual(packed.filter((name) => name !== "demo").sort());
    const url = await secretUrl();
    expect(url).toMatch(/^postgres:\/\/postgres:\w{32}@plinth-postgres.plinth.svc:5432\/plinth$/);

    release(
      "upgrade",
      "plinth",
      CHART,
      "--no-hooks",
      "--set",
      "webhook.timeoutSeconds=1,modules.blog.enabled=false,modules.auth.autoscaling.min=2,modules.auth.autoscaling.max=4",
    );
    expect(await secretUrl()).toBe(url);
    expect(await moduleNames()).not.toContain("blog");
    const auth = await cluster.client.find<KubeObject & { spec: object }>(KINDS.Module, { namespace: NAMESPACE, name: "auth" });
    const file = parse(readFileSync(join(ROOT, "services/auth/module.yaml"), "utf8")) as { spec: object };
    expect(auth?.spec).toMatchObject({ ...file.spec, autoscaling: { min: 2, max: 4 } });

    release("rollback", "plinth", "1", "--no-hooks");
    expect(await moduleNames()).toContain("blog");
    expect(await secretUrl()).toBe(url);
  }, 120_000);

  test("the webhook is asked of deletions too, to warn, and changes none", async () => {
    const operationsOf = async (kind: "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration"): Promise<string[] | undefined> => {
      const found = await cluster.client.find<KubeObject & { webhooks: { rules: { operations: string[] }[] }[] }>(KINDS[kind], {
        name: "plinth-webhook",
      });
      return found?.webhooks[0]?.rules[0]?.operations;
    };
    expect(await operationsOf("ValidatingWebhookConfiguration")).toEqual(["CREATE", "UPDATE", "DELETE"]);
    expect(await operationsOf("MutatingWebhookConfiguration")).toEqual(["CREATE", "UPDATE"]);
  });

  test("a password of Postgres may have any character", () => {
    const rendered = release(
      "template",
      "plinth",
      CHART,
      "--show-only",
      "templates/postgres/secret.yaml",
      "--set",
      "postgres.password=a b+c/d@e",
      "--kube-version",
      KUBE_VERSION,
    );
    const { stringData } = parse(rendered) as { stringData: { url: string; password: string } };
    expect(decodeURIComponent(new URL(stringData.url).password)).toBe(stringData.password);
  });

  test("the operator may give every module its Role, and may not do what no Role needs", async () => {
    const as = "system:serviceaccount:plinth:plinth-operator";
    const files = readdirSync(join(ROOT, "services")).map((name) => readFileSync(join(ROOT, "services", name, "module.yaml"), "utf8"));
    for (const module of parseModules(files.join("---\n"), "services").modules) {
      const role = buildRole({ module, neighbours: [], callers: [] } as never, DEFAULT_SETTINGS);
      const path = join(cluster.folder, "role.json");
      writeFileSync(path, JSON.stringify({ ...role, metadata: { name: module.metadata.name, namespace: NAMESPACE } }));
      expect(kubectl("apply", "--server-side", "--as", as, "-f", path)).toContain("serverside-applied");
    }
    const may = (...what: string[]): boolean => {
      try {
        return kubectl("auth", "can-i", "--as", as, "-n", NAMESPACE, ...what).trim() === "yes";
      } catch {
        return false;
      }
    };
    expect(may("patch", "deployments")).toBe(true);
    expect(may("patch", "validatingwebhookconfigurations/plinth-webhook")).toBe(true);
    for (const what of [
      ["patch", "validatingwebhookconfigurations/another"],
      ["delete", "modules"],
      ["create", "pods"],
      ["create", "pods", "--subresource=exec"],
      ["patch", "customresourcedefinitions"],
      ["create", "clusterroles"],
      ["delete", "persistentvolumeclaims"],
      ["list", "nodes"],
    ]) {
      expect([what.join(" "), may(...what)]).toEqual([what.join(" "), false]);
    }
  });

  test("an uninstall leaves the password, and a new install finds it", async () => {
    const url = await secretUrl();
    release("uninstall", "plinth", "--no-hooks");
    expect(await moduleNames()).toEqual([]);
    expect(await secretUrl()).toBe(url);
    release("install", "plinth", CHART, "--no-hooks", ...webhook);
    expect(await secretUrl()).toBe(url);
  });

  test("with a list of namespaces the operator's rights end there", () => {
    kubectl("create", "namespace", "shop");
    release("upgrade", "plinth", CHART, "--no-hooks", "--set", "webhook.timeoutSeconds=1,operator.namespaces={shop}");
    const as = ["--as", "system:serviceaccount:plinth:plinth-operator"];
    expect(kubectl("auth", "can-i", "patch", "deployments", "-n", "shop", ...as).trim()).toBe("yes");
    expect(() => kubectl("auth", "can-i", "patch", "deployments", "-n", NAMESPACE, ...as)).toThrow();
    // Where it stands itself it still sees who leads.
    for (const verb of ["get", "list", "watch", "update"])
      expect(kubectl("auth", "can-i", verb, "leases/plinth-operator", "-n", NAMESPACE, ...as).trim()).toBe("yes");
  }, 120_000);
});
