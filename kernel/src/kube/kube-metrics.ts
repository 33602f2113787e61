import type { Registry } from "prom-client";
import { type Distribution, distribution, type Tally, tally } from "../telemetry/instruments.ts";
import type { Incoming, KubeConnection } from "./connection.ts";

/** Under the names of client-go, so that its dashboards work. Each try counts; code is the HTTP status, or `<error>` when none came. */
export interface KubeMetrics {
  readonly requests: Tally<[code: string, method: string, host: string]>;
  /** Until the whole answer was there; of a watch, until its head. */
  readonly duration: Distribution<[verb: string, host: string]>;
}

export function createKubeMetrics(registry: Registry): KubeMetrics {
  return {
    requests: tally(registry, {
      name: "rest_client_requests_total",
      help: "Number of HTTP requests, partitioned by status code, method, and host.",
      labels: ["code", "method", "host"],
    }),
    duration: distribution(registry, {
      name: "rest_client_request_duration_seconds",
      help: "Request latency in seconds. Broken down by verb, and host.",
      labels: ["verb", "host"],
    }),
  };
}

/** The connection, with its requests counted. */
export function countedConnection(connection: KubeConnection, metrics: KubeMetrics): KubeConnection {
  const { host } = new URL(connection.server);
  return {
    ...connection,
    send(purpose, outgoing, incoming) {
      const verb = purpose === "watch" ? "WATCH" : outgoing.method;
      const began = performance.now();
      let counted = false;
      function count(code: string): void {
        if (counted) return;
        counted = true;
        metrics.requests.with(code, outgoing.method, host).inc();
      }
      function observe(): void {
        metrics.duration.with(verb, host).observe((performance.now() - began) / 1000);
      }
      const observed: Incoming = {
        onHead(status, headers) {
          count(String(status));
          if (purpose === "watch") observe();
          incoming.onHead(status, headers);
        },
        onData: (chunk) => incoming.onData(chunk),
        onEnd() {
          if (purpose === "request") observe();
          incoming.onEnd();
        },
        onError(error) {
          count("<error>");
          incoming.onError(error);
        },
      };
      return connection.send(purpose, outgoing, observed);
    },
  };
}
