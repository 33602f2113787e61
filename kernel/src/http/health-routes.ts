import type { Router } from "express";
import express from "express";

/** What the health routes ask; `health/` answers it. */
export interface HealthReporter {
  /** Is the process worth keeping? */
  alive(): boolean;
  /** Each checker's state, as JSON. `ready` is false while starting, stopping, or when a hard dependency is down. */
  report(): Promise<{ readonly ready: boolean; readonly body: object }>;
}

/** What `/metrics` answers. */
export interface MetricsPage {
  readonly contentType: string;
  text(): Promise<string>;
}

/** `/healthz`, `/ready`, `/health` and `/metrics`: no token, no envelope; they are for probes. */
export function healthRoutes(health: HealthReporter | undefined, metrics: MetricsPage | undefined): Router {
  const router = express.Router();
  if (health !== undefined) {
    router.get("/healthz", (_request, response) => {
      const alive = health.alive();
      response.status(alive ? 200 : 503).json({ status: alive ? "ok" : "down" });
    });
    router.get(["/ready", "/health"], async (_request, response) => {
      const { ready, body } = await health.report();
      response.status(ready ? 200 : 503).json(body);
    });
  }
  if (metrics !== undefined) {
    router.get("/metrics", async (_request, response) => {
      response.type(metrics.contentType).send(await metrics.text());
    });
  }
  return router;
}
