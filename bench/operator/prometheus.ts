/** A sample of the text format: `name{label="value"} 1`. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** The samples of one metric, and of the series that a histogram consists of. */
export function samplesOf(text: string, name: string): MetricSample[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith(name))
    .flatMap((line) => {
      const [, found = "", labels = "", value = ""] = LINE.exec(line) ?? [];
      if (found !== name) return [];
      return [
        {
          name: found,
          labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, key = "", text = ""]) => [key, text])),
          value: Number(value),
        },
      ];
    });
}

export function sumOf(samples: readonly MetricSample[]): number {
  return samples.reduce((sum, { value }) => sum + value, 0);
}

/** A quantile of a histogram, interpolated within its bucket as Prometheus does; in the histogram's unit. */
export function quantileOf(text: string, name: string, quantile: number): number {
  const counts = new Map<number, number>();
  for (const { labels, value } of samplesOf(text, `${name}_bucket`)) {
    const bound = labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le);
    counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  const buckets = [...counts].sort(([a], [b]) => a - b);
  const rank = (buckets.at(-1)?.[1] ?? 0) * quantile;
  let [below, before] = [0, 0];
  for (const [bound, count] of buckets) {
    if (count >= rank) return bound === Number.POSITIVE_INFINITY ? below : below + ((bound - below) * (rank - before)) / (count - before);
    [below, before] = [bound, count];
  }
  return Number.NaN;
}
