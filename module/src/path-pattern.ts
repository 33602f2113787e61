/** One segment of a path template, from narrow to wide. */
export type Segment =
  | { kind: "literal"; text: string }
  /** `{id}:publish`: a parameter followed by a verb. */
  | { kind: "verb"; verb: string; name?: string }
  | { kind: "parameter"; name?: string }
  /** `**`: whatever is left, also nothing. */
  | { kind: "rest" };

/** A path template, taken apart. */
export interface PathPattern {
  text: string;
  segments: readonly Segment[];
}

const PARAMETER = /^(?:\*|\{([a-zA-Z_][a-zA-Z0-9_]*)\})(?::([A-Za-z0-9_-]+))?$/;

/** Takes a path template apart: `/api/v1/posts/{id}:publish`, `/files/*`, `/shop/**`. Throws a RangeError if it is none. */
export function parsePathPattern(text: string): PathPattern {
  if (!text.startsWith("/")) throw new RangeError(`not a path: ${text.slice(0, 80)}`);
  const parts = text === "/" ? [] : text.slice(1).split("/");
  const segments = parts.map((part, index): Segment => {
    if (part === "**" && index === parts.length - 1) return { kind: "rest" };
    const match = PARAMETER.exec(part);
    if (match !== null) {
      const name = match[1] === undefined ? {} : { name: match[1] };
      return match[2] === undefined ? { kind: "parameter", ...name } : { kind: "verb", verb: match[2], ...name };
    }
    if (part === "" || part === "." || part === ".." || /[{}*%?#\\]/.test(part)) throw new RangeError(`not a path: ${text.slice(0, 80)}`);
    return { kind: "literal", text: part };
  });
  return { text, segments };
}

const RANK = { literal: 0, verb: 1, parameter: 2, end: 3, rest: 4 } as const;

/**
 * Orders templates from specific to general: at the first segment that differs a literal comes before a parameter with a verb, that before a
 * parameter, and `**` last. A total order, so that lists of routes are always the same.
 */
export function comparePathPatterns(left: PathPattern, right: PathPattern): number {
  for (let index = 0; index < Math.max(left.segments.length, right.segments.length); index++) {
    const a = left.segments[index];
    const b = right.segments[index];
    const byRank = RANK[a?.kind ?? "end"] - RANK[b?.kind ?? "end"];
    if (byRank !== 0) return byRank;
    const byText = compareTexts(segmentText(a), segmentText(b));
    if (byText !== 0) return byText;
  }
  return compareTexts(left.text, right.text);
}

/** Whether a segment is `<something>:<verb>`. */
export function endsWithVerb(segment: string, verb: string): boolean {
  return segment.length > verb.length + 1 && segment.endsWith(verb) && segment[segment.length - verb.length - 1] === ":";
}

function segmentText(segment: Segment | undefined): string {
  if (segment?.kind === "literal") return segment.text;
  return segment?.kind === "verb" ? segment.verb : "";
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
