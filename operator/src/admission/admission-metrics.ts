import { distribution, level, type Metrics, tally } from "@plinth/kernel/telemetry";

/** Counts of the webhooks under controller-runtime's names, so that its dashboards show them. */
export interface AdmissionMetrics {
  /** Counts a request; the answer is told its HTTP status at the end. */
  begin(webhook: string): (status: number) => void;
}

export function createAdmissionMetrics({ registry }: Pick<Metrics, "registry">): AdmissionMetrics {
  const requests = tally<[webhook: string, code: string]>(registry, {
    name: "controller_runtime_webhook_requests_total",
    help: "Admission requests by HTTP status.",
    labels: ["webhook", "code"],
  });
  const latency = distribution<[webhook: string]>(registry, {
    name: "controller_runtime_webhook_latency_seconds",
    help: "Time to answer admission requests.",
    labels: ["webhook"],
  });
  const inFlight = level<[webhook: string]>(registry, {
    name: "controller_runtime_webhook_requests_in_flight",
    help: "Admission requests being answered.",
    labels: ["webhook"],
  });
  const current = new Map<string, number>();
  const change = (webhook: string, by: number): void => {
    const count = (current.get(webhook) ?? 0) + by;
    current.set(webhook, count);
    inFlight.with(webhook).set(count);
  };
  return {
    begin(webhook) {
      const begunAt = performance.now();
      change(webhook, 1);
      return (status) => {
        change(webhook, -1);
        requests.with(webhook, String(status)).inc();
        latency.with(webhook).observe((performance.now() - begunAt) / 1000);
      };
    },
  };
}
