import { describe, expect, test } from "@jest/globals";
import { tally } from "./instruments.ts";
import { createMetrics } from "./metrics.ts";

describe("metrics", () => {
  test("each module of a process has its own numbers, marked with its name", async () => {
    const blog = createMetrics({ module: "blog" });
    const auth = createMetrics({ module: "auth" });
    blog.rpcServer.with("grpc", "plinth.blog.v1.BlogService/GetPost", "OK").observe(0.003);
    auth.cacheRequests.with("jwks", "hit").inc();
    const text = await blog.text();
    expect(text).toMatch(/plinth_rpc_server_duration_seconds_count\{.*method="plinth.blog.v1.BlogService\/GetPost",code="OK".*\} 1/);
    expect(text).toMatch(/plinth_rpc_server_duration_seconds_count\{.*module="blog".*\} 1/);
    expect(text).toMatch(/plinth_rpc_server_duration_seconds_bucket\{le="0.005",.*\} 1/);
    expect(text).toMatch(/plinth_rpc_server_duration_seconds_bucket\{le="0.0025",.*\} 0/);
    expect(text).not.toContain("jwks");
    expect(await auth.text()).toContain('plinth_cache_requests_total{cache="jwks",result="hit",module="auth"} 1');
  });

  test("the process's own metrics are in each reading, once", async () => {
    const text = await createMetrics({ module: "blog" }).text();
    expect(text.match(/^# TYPE nodejs_eventloop_lag_seconds /gm)).toHaveLength(1);
    expect(await createMetrics({ module: "auth" }).text()).toContain("process_cpu_seconds_total");
  });

  test("levels are refreshed before a reading; one that fails harms no other", async () => {
    const metrics = createMetrics({ module: "blog" });
    metrics.beforeReading(() => Promise.reject(new Error("database is away")));
    const stop = metrics.beforeReading(async () => metrics.outboxDepth.with().set(7));
    expect(await metrics.text()).toContain('plinth_outbox_depth{module="blog"} 7');
    stop();
    metrics.outboxDepth.with().set(8);
    expect(await metrics.text()).toContain('plinth_outbox_depth{module="blog"} 8');
  });

  test("every instrument takes exactly its labels, and names itself by the rules of Prometheus", async () => {
    const metrics = createMetrics({ module: "blog" });
    for (const metric of metrics.registry.getMetricsAsArray()) expect(metric.name).toMatch(/^plinth_[a-z_]+$/);
    metrics.httpServer.with("GET", "/api/v1/posts/{id}", "200").observe(0.1);
    metrics.databasePool.with("idle").set(3);
    expect(await metrics.text()).toContain('plinth_database_pool_connections{state="idle",module="blog"} 3');
  });
});

describe("sets of labels", () => {
  test("the same labels give the same recorder", () => {
    const { busPublished } = createMetrics({ module: "blog" });
    expect(busPublished.with("blog.post.created")).toBe(busPublished.with("blog.post.created"));
    expect(busPublished.with("blog.post.created")).not.toBe(busPublished.with("blog.post.deleted"));
  });

  test("a flood of labels ends in one set called other", async () => {
    const { registry } = createMetrics({ module: "blog" });
    const flooded = tally<[path: string]>(registry, { name: "plinth_test_flood_total", help: "x", labels: ["path"] });
    for (let index = 0; index < 5000; index++) flooded.with(`/path/${index}`).inc();
    const text = await registry.getSingleMetricAsString("plinth_test_flood_total");
    expect(text).toContain('{path="other",module="blog"} 3000');
    expect(text.split("\n").length).toBeLessThan(2010);
  });
});
