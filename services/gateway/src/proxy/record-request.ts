import type { Metrics, TraceSpan } from "@plinth/kernel/telemetry";

export interface RequestRecord {
  readonly method: string;
  /** The route's template; never the path itself, of which there are too many. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** Counts a request and ends its span. */
export function recordRequest(metrics: Pick<Metrics, "httpServer">, span: TraceSpan, record: RequestRecord): void {
  metrics.httpServer.with(record.method, record.route, String(record.status)).observe(record.seconds);
  if (span.recording) {
    span.setAttribute("http.route", record.route);
    span.setAttribute("http.response.status_code", record.status);
  }
  span.end(record.status >= 500 ? "SERVICE_UNAVAILABLE" : "OK");
}
