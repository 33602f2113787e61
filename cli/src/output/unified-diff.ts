/** One line of a diff: kept, removed, added, or the head of a hunk. */
export interface DiffLine {
  readonly kind: " " | "-" | "+" | "@";
  readonly text: string;
}

/** Unchanged lines that are shown around a change. */
const CONTEXT = 3;
/** Beyond so many pairs of lines the middle is shown as removed and added in whole: nobody reads more, and it would take seconds. */
const MOST_PAIRS = 4_000_000;

/** The difference of two texts as `diff -u` shows it, without the heads of files. Empty where they are equal. */
export function unifiedDiff(before: string, after: string): DiffLine[] {
  const lines = compare(splitLines(before), splitLines(after));
  const changed = lines.flatMap(({ kind }, index) => (kind === " " ? [] : [index]));
  const hunks: [from: number, to: number][] = [];
  for (const index of changed) {
    const [from, to] = [Math.max(0, index - CONTEXT), Math.min(lines.length, index + CONTEXT + 1)];
    const last = hunks.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else hunks.push([from, to]);
  }
  return hunks.flatMap(([from, to]) => [{ kind: "@" as const, text: head(lines, from, to) }, ...lines.slice(from, to)]);
}

function head(lines: readonly DiffLine[], from: number, to: number): string {
  const count = (kind: "-" | "+", start: number, end: number): number =>
    lines.slice(start, end).filter((line) => line.kind === " " || line.kind === kind).length;
  const range = (kind: "-" | "+"): string => {
    const length = count(kind, from, to);
    return `${count(kind, 0, from) + (length === 0 ? 0 : 1)},${length}`;
  };
  return `@@ -${range("-")} +${range("+")} @@`;
}

/** Both texts as one list of lines, by their longest common subsequence. */
function compare(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const line = (kind: DiffLine["kind"]) => (text: string) => ({ kind, text });
  return [
    ...before.slice(0, start).map(line(" ")),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(line(" ")),
  ];
}

function middle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const [rows, columns] = [before.length, after.length];
  const isLarge = rows * columns > MOST_PAIRS;
  const width = columns + 1;
  // common[i * width + j]: length of the longest common subsequence of what follows line i of the one and j of the other.
  const common = new Uint32Array(isLarge ? 0 : (rows + 1) * width);
  if (!isLarge) {
    for (let i = rows - 1; i >= 0; i--) {
      for (let j = columns - 1; j >= 0; j--) {
        const down = common[(i + 1) * width + j] ?? 0;
        const right = common[i * width + j + 1] ?? 0;
        common[i * width + j] = before[i] === after[j] ? (common[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(down, right);
      }
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < rows || j < columns) {
    const [removed, added] = [before[i], after[j]];
    const isKept = !isLarge && removed !== undefined && removed === added;
    if (isKept) {
      lines.push({ kind: " ", text: removed });
      i++;
      j++;
    } else if (
      removed !== undefined &&
      (added === undefined || isLarge || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      lines.push({ kind: "-", text: removed });
      i++;
    } else if (added !== undefined) {
      lines.push({ kind: "+", text: added });
      j++;
    }
  }
  return lines;
}

function splitLines(text: string): string[] {
  if (text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
}
