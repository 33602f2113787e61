import { once } from "node:events";
import { type RequestOptions, request } from "node:https";
import { connect as connectPlain } from "node:net";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { silentLogger } from "@plinth/kernel/logging";
import { createMetrics } from "@plinth/kernel/telemetry";
import { createAdmissionMetrics } from "./admission-metrics.ts";
import { type AdmissionServer, startAdmissionServer } from "./admission-server.ts";
import { authorityBundle, type CertificateMaterial, newMaterial } from "./certificate-material.ts";

const metrics = createMetrics({ module: "operator" });
let material: CertificateMaterial;
let server: AdmissionServer;

beforeAll(async () => {
  material = await newMaterial(["localhost"], new Date());
  const handlers = new Map([
    ["/echo", ({ name }: { name: string }) => ({ allowed: name === "good", message: `it is ${name}` })],
    [
      "/broken",
      () => {
        throw new Error("broken");
      },
    ],
  ]);
  const options = { handlers, serving: material.serving, logger: silentLogger, metrics: createAdmissionMetrics(metrics), port: 0 };
  server = await startAdmissionServer({ ...options, host: "127.0.0.1" });
});
afterAll(() => server.close());

const review = (name: string): string =>
  JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: { uid: "u-1", operation: "CREATE", name } });

/** What the server answers; 0 where it cuts the connection instead. */
async function ask(path: string, body: string | Buffer, options: RequestOptions = {}): Promise<{ status: number; text: string }> {
  const call = request({
    ...{ host: "127.0.0.1", port: server.port, path, method: "POST", servername: "localhost", agent: false },
    ca: authorityBundle(material),
    headers: { "content-type": "application/json" },
    ...options,
  });
  call.end(body);
  try {
    const [response] = await once(call, "response");
    let text = "";
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode, text };
  } catch {
    return { status: 0, text: "" };
  }
}

describe("the webhook's server", () => {
  test("answers a review", async () => {
    const { status, text } = await ask("/echo?timeout=10s", review("bad"));
    expect(status).toBe(200);
    const response = { uid: "u-1", allowed: false, status: { code: 422, message: "it is bad" } };
    expect(JSON.parse(text)).toEqual({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response });
  });

  test.each([
    ["an unknown path", 404, "/nothing", review("good"), {}],
    ["another method", 405, "/echo", "", { method: "GET" }],
    ["another kind of body", 415, "/echo", review("good"), { headers: { "content-type": "text/plain" } }],
    ["broken JSON", 400, "/echo", '{"apiVersion":', {}],
    ["no JSON", 400, "/echo", Buffer.from([0xff, 0xfe, 0]), {}],
    ["nothing", 400, "/echo", "", {}],
    ["another version", 400, "/echo", review("good").replace("/v1", "/v1beta1"), {}],
    ["a review without a request", 400, "/echo", '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', {}],
    ["a list", 400, "/echo", "[]", {}],
    ["a path that is no URL", 404, "//", review("good"), {}],
  ])("refuses %s with %d", async (_, status, path, body, options) => {
    expect((await ask(path, body, options)).status).toBe(status);
  });

  test("refuses a body above 3 MiB, announced or not", async () => {
    const large = Buffer.alloc(3 * 2 ** 20 + 1, " ");
    expect([413, 0]).toContain((await ask("/echo", large)).status);
    const chunked = { headers: { "content-type": "application/json", "transfer-encoding": "chunked" } };
    expect([413, 0]).toContain((await ask("/echo", large, chunked)).status);
    expect((await ask("/echo", review("good"))).status).toBe(200);
  });

  test("keeps no more bodies in memory than a few, however many come at once", async () => {
    const part = Buffer.alloc(3 * 2 ** 20 - 1, " ");
    const calls = Array.from({ length: 18 }, () => {
      const call = request({
        ...{ host: "127.0.0.1", port: server.port, path: "/echo", method: "POST", servername: "localhost", agent: false },
        ca: authorityBundle(material),
        headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
      });
      call.on("error", () => undefined);
      // It never ends.
      call.write(part);
      return call;
    });
    // The answer is lost where the rest of the body meets a closed connection.
    const ends = calls.map((call) =>
      once(call, "response").then(
        ([response]) => response.statusCode as number,
        () => 0,
      ),
    );
    expect([503, 0]).toContain(await Promise.race(ends));
    for (const call of calls) call.destroy();
    let { status } = await ask("/echo", review("good"));
    while (status === 503) ({ status } = await ask("/echo", review("good")));
    expect(status).toBe(200);
  });

  test("answers 500 when the review itself fails, and goes on", async () => {
    expect((await ask("/broken", review("good"))).status).toBe(500);
    expect((await ask("/echo", review("good"))).status).toBe(200);
  });

  test("speaks no TLS below 1.2, and outlives those that speak none", async () => {
    const old = connect({
      host: "127.0.0.1",
      port: server.port,
      ca: authorityBundle(material),
      servername: "localhost",
      maxVersion: "TLSv1.1",
    });
    await expect(once(old, "secureConnect")).rejects.toThrow();
    const plain = connectPlain(server.port, "127.0.0.1");
    plain.on("error", () => undefined);
    plain.write("GET / HTTP/1.1\r\n\r\n");
    await once(plain, "close");
    expect((await ask("/echo", review("good"))).status).toBe(200);
  });

  test("serves a new certificate from the next connection on, while an open one goes on", async () => {
    const open = connect({ host: "127.0.0.1", port: server.port, ca: authorityBundle(material), servername: "localhost" });
    await once(open, "secureConnect");
    const before = material;
    material = await newMaterial(["localhost"], new Date());
    server.setCertificate(material.serving);
    expect((await ask("/echo", review("good"))).status).toBe(200);
    expect((await ask("/echo", review("good"), { ca: authorityBundle(before) })).status).toBe(0);
    open.write(
      `POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${review("good").length}\r\n\r\n${review("good")}`,
    );
    const [answer] = await once(open, "data");
    expect(String(answer)).toMatch(/^HTTP\/1.1 200 /);
    open.destroy();
  });

  test("counts what it answers under the usual names", async () => {
    const text = await metrics.text();
    expect(text).toMatch(/controller_runtime_webhook_requests_total\{webhook="\/echo",code="200",module="operator"\} \d+/);
    expect(text).toMatch(/controller_runtime_webhook_requests_in_flight\{webhook="\/echo",module="operator"\} 0/);
    expect(text).toContain('webhook="unknown",code="404"');
  });
});
