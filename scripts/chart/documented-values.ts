import { parse } from "yaml";

/** A value that the chart's users may set, with the comment that stands above it in values.yaml. */
export interface DocumentedValue {
  /** From the top: ["operator", "replicas"]. */
  readonly path: readonly string[];
  readonly description: string;
  readonly default: unknown;
}

const LINE = /^(?<indent> *)(?:# ?(?<comment>.*)|(?<key>[A-Za-z]+):.*)$/;

/**
 * Every value of a values.yaml, in its order. A key with a comment above it is a value, whatever is below it is its default; one without is a group of
 * values. A value without a comment is an error: the chart's README and schema are made from these.
 */
export function documentedValues(text: string): DocumentedValue[] {
  const found: DocumentedValue[] = [];
  const tree: unknown = parse(text);
  const path: string[] = [];
  let comment: string[] = [];
  /** Lines deeper than this belong to the default of a value. */
  let inside = Number.POSITIVE_INFINITY;
  for (const line of text.split("\n")) {
    const { indent = "", comment: words, key } = LINE.exec(line)?.groups ?? {};
    if (words !== undefined) {
      comment.push(words.trim());
      continue;
    }
    const description = comment.join(" ");
    comment = [];
    if (key === undefined || indent.length > inside) continue;
    inside = Number.POSITIVE_INFINITY;
    path.length = indent.length / 2;
    path.push(key);
    const value = valueAt(tree, path);
    if (description !== "") {
      found.push({ path: [...path], description, default: value });
      inside = indent.length;
    } else if (!isMapping(value) || Object.keys(value).length === 0) {
      throw new Error(`values.yaml: ${path.join(".")} has no comment that says what it is.`);
    }
  }
  return found;
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (isMapping(at) ? at[key] : undefined), tree);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
