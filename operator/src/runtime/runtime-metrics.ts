import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** What a queue says about itself when it is read. */
export interface QueueReading {
  readonly depth: readonly (readonly [priority: string, keys: number])[];
  readonly unfinishedSeconds: number;
  readonly longestSeconds: number;
}

/** What a queue reports to. */
export interface QueueInstruments {
  added(): void;
  retried(): void;
  /** From ready to taken. */
  waited(seconds: number): void;
  /** From taken to given back. */
  worked(seconds: number): void;
  /** Asked at each reading of the metrics. */
  read(reading: () => QueueReading): void;
}

/** The results that controller-runtime counts. */
export type ReconcileResult = "success" | "error" | "requeue_after";

/** What a controller reports to. */
export interface ControllerInstruments {
  /** Workers there are, and how many of them are busy. */
  workers(active: number, most: number): void;
  reconciled(result: ReconcileResult, seconds: number): void;
  /** An error after which only a change of the object tries again; beside the result `error`. */
  terminal(): void;
  /** The reconcile threw, instead of saying that it failed; beside the result `error`. */
  thrown(): void;
}

export interface RuntimeMetrics {
  forQueue(name: string): QueueInstruments;
  forController(name: string): ControllerInstruments;
  /** 1 while this replica leads. */
  leading(name: string, leads: boolean): void;
}

const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5,
  5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
const QUEUE_BUCKETS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];

/** Names, labels and buckets are those of controller-runtime and client-go, so that the dashboards and alerts made for them work here. */
export function createRuntimeMetrics(registry: Registry): RuntimeMetrics {
  const registers = [registry];
  const controller = { labelNames: ["controller"], registers } as const;
  const queue = { labelNames: ["name", "controller"], registers } as const;
  const readings = new Map<string, () => QueueReading>();

  const reconciled = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Total number of reconciliations per controller",
    labelNames: ["controller", "result"],
    registers,
  });
  const errors = new Counter({
    name: "controller_runtime_reconcile_errors_total",
    help: "Total number of reconciliation errors per controller",
    ...controller,
  });
  const terminal = new Counter({
    name: "controller_runtime_terminal_reconcile_errors_total",
    help: "Total number of terminal reconciliation errors per controller",
    ...controller,
  });
  const panics = new Counter({
    name: "controller_runtime_reconcile_panics_total",
    help: "Total number of reconciliation panics per controller",
    ...controller,
  });
  const duration = new Histogram({
    name: "controller_runtime_reconcile_time_seconds",
    help: "Length of time per reconciliation per controller",
    buckets: RECONCILE_BUCKETS,
    ...controller,
  });
  const active = new Gauge({
    name: "controller_runtime_active_workers",
    help: "Number of currently used workers per controller",
    ...controller,
  });
  const most = new Gauge({
    name: "controller_runtime_max_concurrent_reconciles",
    help: "Maximum number of concurrent reconciles per controller",
    ...controller,
  });

  new Gauge({
    name: "workqueue_depth",
    help: "Current depth of workqueue by workqueue and priority",
    labelNames: ["name", "controller", "priority"],
    registers,
    collect() {
      for (const [name, reading] of readings)
        for (const [priority, keys] of reading().depth) this.set({ name, controller: name, priority }, keys);
    },
  });
  new Gauge({
    name: "workqueue_unfinished_work_seconds",
    help: "How many seconds of work has been done that is in progress and hasn't been observed by work_duration",
    ...queue,
    collect() {
      for (const [name, reading] of readings) this.set({ name, controller: name }, reading().unfinishedSeconds);
    },
  });
  new Gauge({
    name: "workqueue_longest_running_processor_seconds",
    help: "How many seconds has the longest running processor for workqueue been running",
    ...queue,
    collect() {
      for (const [name, reading] of readings) this.set({ name, controller: name }, reading().longestSeconds);
    },
  });
  const adds = new Counter({ name: "workqueue_adds_total", help: "Total number of adds handled by workqueue", ...queue });
  const retries = new Counter({ name: "workqueue_retries_total", help: "Total number of retries handled by workqueue", ...queue });
  const waits = new Histogram({
    name: "workqueue_queue_duration_seconds",
    help: "How long in seconds an item stays in workqueue before being requested",
    buckets: QUEUE_BUCKETS,
    ...queue,
  });
  const works = new Histogram({
    name: "workqueue_work_duration_seconds",
    help: "How long in seconds processing an item from workqueue takes",
    buckets: QUEUE_BUCKETS,
    ...queue,
  });
  const leader = new Gauge({
    name: "leader_election_master_status",
    help: "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master",
    labelNames: ["name"],
    registers,
  });

  return {
    forQueue(name) {
      const of = [name, name] as const;
      const [add, retry, wait, work] = [adds.labels(...of), retries.labels(...of), waits.labels(...of), works.labels(...of)];
      return {
        added: () => add.inc(),
        retried: () => retry.inc(),
        waited: (seconds) => wait.observe(seconds),
        worked: (seconds) => work.observe(seconds),
        read: (reading) => void readings.set(name, reading),
      };
    },
    forController(name) {
      const results = {
        success: reconciled.labels(name, "success"),
        error: reconciled.labels(name, "error"),
        requeue_after: reconciled.labels(name, "requeue_after"),
      };
      // Every series is there from the start: an alert on an increase misses a series that appears with its first error.
      const counters = { error: errors.labels(name), terminal: terminal.labels(name), panic: panics.labels(name) };
      for (const counter of [...Object.values(results), ...Object.values(counters)]) counter.inc(0);
      const [time, busy, all] = [duration.labels(name), active.labels(name), most.labels(name)];
      return {
        workers(activeNow, mostEver) {
          busy.set(activeNow);
          all.set(mostEver);
        },
        reconciled(result, seconds) {
          results[result].inc();
          if (result === "error") counters.error.inc();
          time.observe(seconds);
        },
        terminal: () => counters.terminal.inc(),
        thrown: () => counters.panic.inc(),
      };
    },
    leading: (name, leads) => leader.labels(name).set(leads ? 1 : 0),
  };
}
