import express, { type Router } from "express";
import type { Health } from "../health/health.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** `/healthz`, `/ready`, `/health` and `/metrics`: no token, no envelope; they are for probes. */
export function healthRoutes(health: Health | undefined, metrics: Metrics | undefined): Router {
  const router = express.Router();
  if (health !== undefined) {
    router.get("/healthz", (_request, response) => {
      const alive = health.alive();
      response.status(alive ? 200 : 503).json({ status: alive ? "ok" : "down" });
    });
    router.get(["/ready", "/health"], async (_request, response) => {
      const report = await health.report();
      response.status(report.status === "unavailable" ? 503 : 200).json(report);
    });
  }
  if (metrics !== undefined) {
    router.get("/metrics", async (_request, response) => {
      response.type(metrics.contentType).send(await metrics.text());
    });
  }
  return router;
}
