import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Values for an instrument's labels, in the order in which it names them. */
type LabelValues = readonly string[];

/** Counts and distributes durations in seconds, per set of labels. */
export interface Distribution<L extends LabelValues> {
  /** The recorder for one set of labels. The same labels give the same recorder: keep it where the path is hot. */
  with(...labels: L): { observe(seconds: number): void };
}

/** Counts upwards, per set of labels. */
export interface Tally<L extends LabelValues> {
  with(...labels: L): { inc(by?: number): void };
}

/** A value that goes up and down, per set of labels. */
export interface Level<L extends LabelValues> {
  with(...labels: L): { set(value: number): void };
}

export interface InstrumentDescription {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** From half a millisecond, a cached local call, to 30 s, the default deadline. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Sets of labels that one instrument keeps apart; further ones are counted together as `other`. Labels are templates and codes, so that
 * only a mistake reaches this, and then it costs precision instead of memory.
 */
const MAX_LABEL_SETS = 2000;

export function distribution<L extends LabelValues>(registry: Registry, { name, help, labels }: InstrumentDescription): Distribution<L> {
  const histogram = new Histogram({ name, help, labelNames: labels, buckets: DURATION_BUCKETS, registers: [registry] });
  return { with: cached(labels.length, (values) => histogram.labels(...values)) };
}

export function tally<L extends LabelValues>(registry: Registry, { name, help, labels }: InstrumentDescription): Tally<L> {
  const counter = new Counter({ name, help, labelNames: labels, registers: [registry] });
  return { with: cached(labels.length, (values) => counter.labels(...values)) };
}

export function level<L extends LabelValues>(registry: Registry, { name, help, labels }: InstrumentDescription): Level<L> {
  const gauge = new Gauge({ name, help, labelNames: labels, registers: [registry] });
  return { with: cached(labels.length, (values) => gauge.labels(...values)) };
}

/** prom-client checks labels and builds objects at each binding; here that happens once per set of labels. */
function cached<Child>(count: number, bind: (labels: LabelValues) => Child): (...labels: LabelValues) => Child {
  const children = new Map<string, Child>();
  let other: Child | undefined;
  return (...labels) => {
    const key = labels.length === 1 ? (labels[0] as string) : labels.join("\u0000");
    const known = children.get(key);
    if (known !== undefined) return known;
    if (children.size >= MAX_LABEL_SETS) {
      other ??= bind(new Array<string>(count).fill("other"));
      return other;
    }
    const child = bind(labels);
    children.set(key, child);
    return child;
  };
}
