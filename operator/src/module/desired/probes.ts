import { isKernelModule, type Module } from "@plinth/module";
import type { Settings } from "../settings.ts";
import { restartsOnChange } from "./restarts-on-change.ts";

/** Time that a replica may take to start where the module says nothing. */
const DEFAULT_STARTUP_SECONDS = 60;

/**
 * When a pod has started (asked every second, so that nobody waits for a pod that is up), whether it lives, and whether it takes calls. Liveness is
 * patient: a restart mends little, and costs the calls in hand. A module of the kernel without an HTTP port is asked by gRPC's health protocol; one
 * without ports cannot be asked.
 */
export function buildProbes(module: Module, settings: Settings): object {
  const { ports, health } = module.spec;
  const failureThreshold = health?.startupSeconds ?? DEFAULT_STARTUP_SECONDS;
  const asked = handlers(module);
  if (asked === undefined) return {};
  const { alive, ready } = asked;
  // A container that the kubelet restarts has the image's files again: an edit that does not start must wait for the next one.
  if (restartsOnChange(module, settings))
    return { readinessProbe: { ...ready, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1, successThreshold: 1 } };
  return {
    startupProbe: { ...alive, periodSeconds: 1, timeoutSeconds: 1, failureThreshold, successThreshold: 1 },
    livenessProbe: { ...alive, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3, successThreshold: 1 },
    readinessProbe: { ...ready, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2, successThreshold: 1 },
  };

  function handlers(of: Module): { alive: object; ready: object } | undefined {
    const get = (path: string): object => ({ httpGet: { path, port: "http", scheme: "HTTP" } });
    if (!isKernelModule(of)) return both(get(health?.path ?? "/"));
    if (ports?.http !== undefined) return { alive: get("/healthz"), ready: get("/ready") };
    return ports?.grpc === undefined ? undefined : both({ grpc: { port: ports.grpc } });
  }
}

function both(handler: object): { alive: object; ready: object } {
  return { alive: handler, ready: handler };
}
