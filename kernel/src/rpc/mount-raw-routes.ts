import type { Express, Request, Response } from "express";
import { DEFAULT_TENANT, type RequestContext, runInContext, type UserIdentity } from "../base/request-context.ts";
import type { RawRoute } from "../http/raw-routes.ts";
import { requestIdOf } from "../http/request-id.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { newUnsampledContext, parseTraceparent } from "../telemetry/trace-context.ts";
import { type Gatekeepers, tenantOf, userOf } from "./admission.ts";
import { deadlinePassed, parseDeadline } from "./call.ts";
import { callerGone } from "./method-pipeline.ts";

/** What raw routes run with. */
export interface RawRouteParts extends Gatekeepers {
  readonly module: string;
  readonly metrics?: Metrics | undefined;
}

/** Adds plain HTTP routes: after the same checks as an RPC, and in a request context. */
export function mountRawRoutes(app: Express, routes: readonly RawRoute[], parts: RawRouteParts): void {
  const { module, metrics } = parts;
  for (const route of routes) {
    app[route.method](route.path, async (request, response) => {
      if (metrics !== undefined) record(metrics, route, request, response);
      const context =
        route.access === "anyone" ? contextOf(module, request, response, {}) : await admitted(module, parts, request, response);
      await runInContext(context, route.handler, request, response, context);
    });
  }
}

function record(metrics: Metrics, route: RawRoute, request: Request, response: Response): void {
  const startedAt = performance.now();
  response.once("close", () => {
    metrics.httpServer.with(request.method, route.path, String(response.statusCode)).observe((performance.now() - startedAt) / 1000);
  });
}

interface Parties {
  readonly caller?: string;
  readonly user?: UserIdentity | undefined;
}

async function admitted(module: string, gate: Gatekeepers, request: Request, response: Response): Promise<RequestContext> {
  const caller = await gate.identity.verify(request.get("x-service-token"));
  gate.matrix.checkEndpoint(caller, request.method, request.path);
  const user = await userOf(gate, request.get("authorization"));
  return contextOf(module, request, response, { caller, user });
}

function contextOf(module: string, request: Request, response: Response, { caller, user }: Parties): RequestContext {
  const controller = new AbortController();
  const remaining = parseDeadline(request.get("x-deadline-ms"));
  const clock = remaining === undefined ? undefined : setTimeout(() => controller.abort(deadlinePassed()), remaining);
  response.once("close", () => {
    clearTimeout(clock);
    if (!response.writableFinished) controller.abort(callerGone());
  });
  const trace = parseTraceparent(request.get("traceparent")) ?? newUnsampledContext();
  const trusted = caller !== undefined;
  return {
    requestId: requestIdOf(request),
    traceId: trace.traceId,
    trace,
    module,
    caller,
    user,
    tenantId: user?.tenantId ?? (trusted ? tenantOf(request.get("x-tenant-id")) : undefined) ?? DEFAULT_TENANT,
    signal: controller.signal,
    deadline: remaining === undefined ? undefined : Date.now() + remaining,
    clientAddress: (trusted ? request.get("x-client-address") : undefined) ?? request.socket.remoteAddress,
    userAgent: (trusted ? request.get("x-client-agent") : undefined) ?? request.get("user-agent"),
  };
}
