import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createManualClock } from "@plinth/kernel/base";
import { follow, KubeError, type KubeObject, resourcePath } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { createMetrics } from "@plinth/kernel/telemetry";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { eventually } from "@plinth/kernel/testing";
import { buildCrd, type ModuleSpec } from "@plinth/module";
import { KINDS } from "../kube/kinds.ts";
import type { WebhookConfiguration } from "./ca-bundle.ts";
import { AUTHORITY_DAYS, newMaterial, renewMaterial, SERVING_DAYS } from "./certificate-material.ts";
import { buildCertificateSecret, type SecretObject } from "./certificate-secret.ts";
import { MUTATE_PATH, startWebhook, VALIDATE_PATH, type Webhook } from "./webhook.ts";

const NAMESPACE = "default";
const DAY_MS = 24 * 60 * 60_000;

function aModule(name: string, spec: Partial<ModuleSpec> = {}): KubeObject {
  return {
    apiVersion: "plinth.dev/v1alpha1",
    kind: "Module",
    metadata: { name, namespace: NAMESPACE },
    spec: { version: "1.0.0", ...spec },
  };
}

describeCluster("the webhook behind a real API server", () => {
  // The authority falls due in 0.7 days, the certificate in 0.2; both are good today, by which API servers judge.
  const today = Date.now();
  const clock = createManualClock(today - 2.2 * DAY_MS);
  const stopping = new AbortController();
  const modules = new Map<string, KubeObject>();
  let cluster: TestCluster;
  let webhook: Webhook;
  let second: Webhook;

  beforeAll(async () => {
    cluster = await startTestCluster();
    await create(KINDS.CustomResourceDefinition, buildCrd() as unknown as KubeObject);
    await eventually(async () => (await apply(aModule("probe"), true)) === "allowed");
    void follow(cluster.client, KINDS.Module, {
      logger: silentLogger,
      signal: stopping.signal,
      onReplace: (items) => {
        for (const item of items) modules.set(item.metadata.name, item);
      },
      onEvent: (type, object) => (type === "DELETED" ? modules.delete(object.metadata.name) : modules.set(object.metadata.name, object)),
    });
    const hosts = ["plinth-webhook.default.svc", "127.0.0.1"];
    const old = await newMaterial(hosts, new Date(today - (AUTHORITY_DAYS * (2 / 3) + 1.5) * DAY_MS));
    const material = await renewMaterial(old, hosts, new Date(today - (SERVING_DAYS * (2 / 3) + 2) * DAY_MS));
    await create(KINDS.Secret, buildCertificateSecret(NAMESPACE, "plinth-webhook-tls", material));
    [webhook, second] = await Promise.all([start(), start()]);
    for (const kind of ["Validating", "Mutating"] as const) await create(KINDS[`${kind}WebhookConfiguration`], configuration(kind));
    await eventually(async () => (await apply(aModule("probe", { roles: [BAD_ROLE] }), true)).includes("denied"));
    await eventually(async () => (await apply(aModule("probe"), true)) === "allowed");
  });
  afterAll(async () => {
    stopping.abort(new Error("The test ends."));
    await Promise.all([webhook?.stop(), second?.stop()]);
    await cluster?.stop();
  });

  const BAD_ROLE = { name: "boss", permissions: ["probe.thing.read"] };

  function start(name = "plinth"): Promise<Webhook> {
    return startWebhook({
      ...{ client: cluster.client, logger: silentLogger, metrics: createMetrics({ module: "operator" }), clock },
      ...{ namespace: NAMESPACE, name, port: 0, host: "127.0.0.1", hosts: ["127.0.0.1"] },
      modulesIn: () => modules.values(),
      databaseSecret: "plinth-postgres",
    });
  }

  function configuration(kind: "Validating" | "Mutating"): KubeObject {
    const validating = kind === "Validating";
    return {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: `${kind}WebhookConfiguration`,
      metadata: { name: "plinth-webhook" },
      webhooks: [
        {
          name: `${validating ? "validate" : "mutate"}.modules.plinth.dev`,
          clientConfig: { url: `https://127.0.0.1:${webhook.port}${validating ? VALIDATE_PATH : MUTATE_PATH}` },
          rules: [
            {
              ...{ apiGroups: ["plinth.dev"], apiVersions: ["v1alpha1"], resources: ["modules"], scope: "Namespaced" },
              operations: validating ? ["CREATE", "UPDATE", "DELETE"] : ["CREATE", "UPDATE"],
            },
          ],
          ...{ failurePolicy: "Fail", sideEffects: "None", admissionReviewVersions: ["v1"], timeoutSeconds: 10 },
        },
      ],
    };
  }

  async function create(resource: (typeof KINDS)[keyof typeof KINDS], body: KubeObject): Promise<void> {
    await cluster.client.request({
      method: "POST",
      path: resourcePath(resource, resource.namespaced ? { namespace: NAMESPACE } : {}),
      body,
    });
  }

  /** "allowed", or why not. */
  async function apply(module: KubeObject, dryRun = false): Promise<string> {
    try {
      await cluster.client.request({
        method: "PATCH",
        path: resourcePath(KINDS.Module, { namespace: NAMESPACE, name: module.metadata.name }),
        query: { fieldManager: "test", ...(dryRun && { dryRun: "All" }) },
        contentType: "application/apply-patch+yaml",
        body: module,
        retry: false,
      });
      return "allowed";
    } catch (error) {
      if (error instanceof KubeError) return error.message;
      throw error;
    }
  }

  const find = (name: string): Promise<KubeObject | undefined> => cluster.client.find(KINDS.Module, { namespace: NAMESPACE, name });

  async function certificates(): Promise<{ secret: string; bundles: (string | undefined)[]; authorities: number }> {
    const secret = await cluster.client.find<SecretObject>(KINDS.Secret, { namespace: NAMESPACE, name: "plinth-webhook-tls" });
    const configurations = await Promise.all(
      [KINDS.ValidatingWebhookConfiguration, KINDS.MutatingWebhookConfiguration].map((kind) =>
        cluster.client.find<WebhookConfiguration>(kind, { name: "plinth-webhook" }),
      ),
    );
    const bundle = Buffer.from(secret?.data?.["ca.crt"] ?? "", "base64").toString();
    return {
      secret: secret?.data?.["tls.crt"] ?? "",
      bundles: configurations.map((each) => each?.webhooks?.[0]?.clientConfig.caBundle),
      authorities: bundle.match(/BEGIN/g)?.length ?? 0,
    };
  }

  /** What a new connection is shown. */
  function shown(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate()?.toString() ?? "");
        socket.destroy();
      });
      socket.once("error", reject);
    });
  }

  test("refuses a bad Module at apply, in the words of the command line", async () => {
    expect(await apply(aModule("catalog", { routes: [{ path: "/api/v1/catalog/**" }] }))).toBe("allowed");
    await eventually(async () => modules.has("catalog"));
    const refusal = await apply(aModule("shop", { version: "1.0.0", routes: [{ path: "/api/v1/catalog/**" }], roles: [BAD_ROLE] }));
    expect(refusal).toContain('admission webhook "validate.modules.plinth.dev" denied the request: ');
    expect(refusal).toContain("RouteConflict in module shop\n  field:   spec.routes[0]");
    expect(await find("shop")).toBeUndefined();
  });

  test("adds the finalizer and defaults, and warns of what waits without refusing it", async () => {
    expect(await apply(aModule("basket", { dependencies: [{ module: "pricing" }] }))).toBe("allowed");
    const basket = await find("basket");
    expect(basket?.metadata.finalizers).toEqual(["plinth.dev/module"]);
    expect(basket?.spec).toMatchObject({ deletionPolicy: "Retain", dependencies: [{ module: "pricing", optional: false }] });
  });

  test("lets everything through while it is away, where the policy is Ignore", async () => {
    const ignore = [{ op: "replace", path: "/webhooks/0/failurePolicy", value: "Ignore" }];
    const elsewhere = [{ op: "replace", path: "/webhooks/0/clientConfig/url", value: "https://127.0.0.1:1/validate/modules" }];
    const back = [
      { op: "replace", path: "/webhooks/0/failurePolicy", value: "Fail" },
      { op: "replace", path: "/webhooks/0/clientConfig/url", value: `https://127.0.0.1:${webhook.port}${VALIDATE_PATH}` },
    ];
    const configure = (body: unknown): Promise<unknown> =>
      cluster.client.request({
        method: "PATCH",
        path: resourcePath(KINDS.ValidatingWebhookConfiguration, { name: "plinth-webhook" }),
        contentType: "application/json-patch+json",
        body,
      });
    await configure([...ignore, ...elsewhere]);
    const bad = aModule("bad", { roles: [{ name: "boss", permissions: ["bad.thing.read"] }] });
    await eventually(async () => (await apply(bad, true)) === "allowed");
    await configure(back);
    await eventually(async () => (await apply(bad, true)).includes("denied"));
  });

  test("makes its certificate where there is none, one for all that start at once", async () => {
    const replicas = await Promise.all([start("fresh"), start("fresh"), start("fresh")]);
    const certificates = new Set(await Promise.all(replicas.map(({ port }) => shown(port))));
    await Promise.all(replicas.map((replica) => replica.stop()));
    expect(certificates.size).toBe(1);
  });

  test("serves one certificate from all replicas, and has it trusted again when somebody takes the trust away", async () => {
    expect(await shown(webhook.port)).toBe(await shown(second.port));
    const { bundles } = await certificates();
    await cluster.client.request({
      method: "PATCH",
      path: resourcePath(KINDS.ValidatingWebhookConfiguration, { name: "plinth-webhook" }),
      contentType: "application/json-patch+json",
      body: [{ op: "remove", path: "/webhooks/0/clientConfig/caBundle" }],
    });
    await eventually(async () => (await certificates()).bundles[0] === bundles[0]);
  });

  test("renews certificate and authority without one refused request", async () => {
    const outcomes = new Set<string>();
    let asked = 0;
    let isOver = false;
    await eventually(async () => (await apply(aModule("steady"), true)) === "allowed");
    const asking = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        outcomes.add(await apply(aModule("steady"), true));
        asked++;
      }
    });
    const before = { ...(await certificates()), shown: await shown(webhook.port) };
    expect(before.authorities).toBe(1);

    // Certificate and authority are due: the next authority is announced, while the present one signs.
    clock.advance(0.9 * DAY_MS);
    await eventually(async () => (await certificates()).authorities === 2);
    await eventually(async () => {
      const now = await shown(webhook.port);
      return now !== before.shown && now === (await shown(second.port));
    });
    const announced = { ...(await certificates()), shown: await shown(webhook.port) };
    await eventually(async () => (await certificates()).bundles.every((bundle) => bundle !== before.bundles[0]));

    // A day later it signs.
    clock.advance(1.3 * DAY_MS);
    await eventually(async () => (await certificates()).secret !== announced.secret);
    await eventually(async () => {
      const now = await shown(webhook.port);
      return now !== announced.shown && now === (await shown(second.port));
    });
    const askedThen = asked;
    await eventually(async () => asked > askedThen + 20);
    isOver = true;
    await Promise.all(asking);
    expect([...outcomes]).toEqual(["allowed"]);
    expect((await certificates()).authorities).toBe(2);
  });
});
