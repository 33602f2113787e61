import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { silentLogger } from "../logging/silent-logger.ts";
import { CONFIG_MAPS, createChurn } from "../test-cluster/churn.ts";
import { describeCluster } from "../test-cluster/describe-cluster.ts";
import { type FaultProxy, startFaultProxy } from "../test-cluster/fault-proxy.ts";
import { startTestCluster, type TestCluster } from "../test-cluster/test-cluster.ts";
import { eventually } from "../testing/eventually.ts";
import { createKubeClient, type KubeClient } from "./client.ts";
import { isAlreadyExists, isConflict, isInvalid } from "./errors.ts";
import { createKubeMetrics } from "./kube-metrics.ts";
import type { KubeObject } from "./object.ts";
import { resourcePath } from "./resource-path.ts";

const COLLECTION = resourcePath(CONFIG_MAPS, { namespace: "default" });

function aConfigMap(name: string, changed: object = {}): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "default", name }, ...changed };
}

describeCluster("requests", () => {
  let cluster: TestCluster;
  let proxy: FaultProxy;
  let client: KubeClient;

  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster?.stop());
  beforeEach(async () => {
    proxy = await startFaultProxy({ target: cluster.server, serving: cluster.serving, credentials: cluster.adminCredentials });
    const { ca = "" } = cluster.adminCredentials.tls;
    client = createKubeClient(cluster.connect({ server: proxy.server, credentials: { tls: { ca }, headers: {} } }), {
      logger: silentLogger,
    });
  });
  afterEach(async () => {
    await client.connection.close();
    await proxy.close();
  });

  function apply(object: KubeObject, query: object = {}): Promise<KubeObject> {
    return client.request({
      method: "PATCH",
      path: resourcePath(CONFIG_MAPS, object.metadata),
      query: { fieldManager: "test", fieldValidation: "Strict", ...query },
      contentType: "application/apply-patch+yaml",
      body: object,
    });
  }

  test("finds without managed fields, and nothing where nothing is", async () => {
    expect(await client.find(CONFIG_MAPS, { namespace: "default", name: "one" })).toBeUndefined();
    await apply(aConfigMap("one", { data: { a: "1" } }));
    const found = await client.find(CONFIG_MAPS, { namespace: "default", name: "one" });
    expect(found).toMatchObject({ kind: "ConfigMap", data: { a: "1" } });
    expect(found?.metadata).not.toHaveProperty("managedFields");
    const reduced = await client.find(CONFIG_MAPS, { namespace: "default", name: "one" }, { metadataOnly: true });
    expect(reduced).not.toHaveProperty("data");
  });

  test("says what the API server says of a refusal", async () => {
    await apply(aConfigMap("owned", { data: { a: "1" } }));
    const conflict = await failureOf(apply(aConfigMap("owned", { data: { a: "2" } }), { fieldManager: "other" }));
    expect([isConflict(conflict), isAlreadyExists(conflict)]).toEqual([true, false]);
    const invalid = await failureOf(apply(aConfigMap("owned", { data: { a: "1" }, unknown: 1 })));
    expect(String(invalid)).toContain(".unknown: field not declared in schema");
    expect(proxy.counts.other).toBe(3);
    const wrong = await failureOf(apply(aConfigMap("owned", { data: { "not a key": "1" } })));
    expect([isInvalid(invalid), isInvalid(wrong)]).toEqual([true, true]);
    const twice = await failureOf(client.request({ method: "POST", path: COLLECTION, body: aConfigMap("owned") }));
    expect([isConflict(twice), isAlreadyExists(twice)]).toEqual([false, true]);
  });

  test("tries again what may be done twice", async () => {
    proxy.plan("other", { kind: "status", status: 500 });
    proxy.plan("other", { kind: "status", status: 503, retryAfter: "0" });
    proxy.plan("other", { kind: "lost-answer" });
    expect(await apply(aConfigMap("again", { data: { a: "1" } }))).toMatchObject({ data: { a: "1" } });
    expect(proxy.counts.other).toBe(4);
  });

  test("waits as long as it is asked to", async () => {
    proxy.plan("other", { kind: "status", status: 429, retryAfter: "1" });
    const began = performance.now();
    await client.request({ method: "POST", path: COLLECTION, body: aConfigMap("limited") });
    expect(performance.now() - began).toBeGreaterThanOrEqual(1000);
    proxy.plan("other", { kind: "status", status: 429, retryAfter: "60" });
    await expect(apply(aConfigMap("limited"))).rejects.toMatchObject({ status: 429, retryAfterMs: 60_000 });
  });

  test("does not create twice when the answer is lost", async () => {
    proxy.plan("other", { kind: "lost-answer" });
    await expect(client.request({ method: "POST", path: COLLECTION, body: aConfigMap("once") })).rejects.toMatchObject({ status: 0 });
    expect(proxy.counts.other).toBe(1);
    expect(await cluster.client.find(CONFIG_MAPS, { namespace: "default", name: "once" })).toBeDefined();
  });

  test("gives up when its time is over, and when nobody wants it any more", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    for (let tries = 0; tries < 4; tries++) proxy.plan("other", { kind: "hold", until: () => held });
    const request = { method: "GET", path: `${COLLECTION}/none`, deadlineMs: 300 } as const;
    await expect(client.request({ ...request, retry: false })).rejects.toMatchObject({ status: 0, reason: "DeadlineExceeded" });
    const unwanted = new AbortController();
    const asked = client.request({ ...request, deadlineMs: 30_000, signal: unwanted.signal });
    await eventually(() => proxy.counts.other === 2);
    unwanted.abort(new Error("Not wanted."));
    await expect(asked).rejects.toThrow("Not wanted.");
    release();
  });

  test("watches do not keep requests from their sockets", async () => {
    const narrow = createKubeClient(cluster.connect({ maxSockets: 1 }), { logger: silentLogger });
    const stop = new AbortController();
    const watches = Array.from({ length: 20 }, () =>
      narrow.connection.send(
        "watch",
        { method: "GET", path: `${COLLECTION}?watch=1`, headers: {} },
        { onHead() {}, onData() {}, onEnd() {}, onError() {} },
      ),
    );
    expect((await narrow.list(CONFIG_MAPS, { namespace: "default" }, { signal: stop.signal })).items.length).toBeGreaterThan(0);
    for (const end of watches) end(new Error("Done."));
  });

  test("lists page by page, and begins anew when the pages are gone", async () => {
    const churn = createChurn(cluster.client, "pages");
    await churn.run(60);
    const present = await churn.present();
    const at = { namespace: "default", labelSelector: churn.labelSelector };
    const paged = await client.list(CONFIG_MAPS, at, { pageSize: 4 });
    expect(proxy.counts.list).toBe(Math.ceil(Object.keys(present).length / 4));
    expect(versions(paged.items)).toEqual(present);

    // The second page is held until the server has forgotten the moment of the first.
    proxy.plan("list", { kind: "hold", until: async () => undefined });
    proxy.plan("list", {
      kind: "hold",
      async until() {
        await churn.run(30);
        await cluster.compact();
        // It keeps snapshots of its own for a time, and forgets these.
        await cluster.restart();
      },
    });
    const anew = await client.list(CONFIG_MAPS, at, {
      pageSize: 4,
      reduce: ({ metadata, ...rest }) => ({ ...rest, metadata, data: undefined }),
    });
    expect(versions(anew.items)).toEqual(await churn.present());
    expect(new Set(anew.items.map(({ metadata }) => metadata.name)).size).toBe(anew.items.length);
    expect(anew.items[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", data: undefined });
  });

  test("counts its tries under the names of client-go", async () => {
    const registry = new Registry();
    const counted = createKubeClient(client.connection, { logger: silentLogger, metrics: createKubeMetrics(registry) });
    proxy.plan("list", { kind: "status", status: 503 });
    proxy.plan("list", { kind: "lost-answer" });
    await counted.list(CONFIG_MAPS, { namespace: "default" });
    const lines = (await registry.metrics()).split("\n");
    const host = new URL(proxy.server).host;
    for (const code of ["503", "<error>", "200"]) {
      expect(lines).toContain(`rest_client_requests_total{code="${code}",method="GET",host="${host}"} 1`);
    }
    expect(lines).toContain(`rest_client_request_duration_seconds_count{verb="GET",host="${host}"} 2`);
  });

  test("lists metadata alone, under the kind's own name", async () => {
    await apply(aConfigMap("slim", { data: { a: "1" } }));
    const { items } = await client.list(CONFIG_MAPS, { namespace: "default", fieldSelector: "metadata.name=slim", metadataOnly: true });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "slim" } });
    expect(items[0]).not.toHaveProperty("data");
  });
});

function failureOf(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function versions(items: readonly KubeObject[]): Record<string, string> {
  return Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion ?? ""]));
}
