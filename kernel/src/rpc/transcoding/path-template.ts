/** A piece of a path: a fixed word, one segment of any value (`*`), or all that is left (`**`). */
export type Segment = { readonly kind: "literal"; readonly text: string } | { readonly kind: "one" } | { readonly kind: "rest" };

/** A variable and the segments it takes: from `start`, up to but not with `end`. */
export interface PathVariable {
  readonly fieldPath: string;
  readonly start: number;
  readonly end: number;
}

/** A `google.api.http` path: `/v1/{name=shelves/*}/notes:publish`. */
export interface PathTemplate {
  readonly segments: readonly Segment[];
  readonly variables: readonly PathVariable[];
  /** The word after the colon at the end; empty where there is none. */
  readonly verb: string;
}

const FIELD_PATH = /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*$/i;

/** Throws with the template and what is wrong in it; templates are read at start, so that stops the start. */
export function parsePathTemplate(template: string): PathTemplate {
  const fail = (problem: string): never => {
    throw new Error(`The path template ${JSON.stringify(template)} is not valid: ${problem}.`);
  };
  if (!template.startsWith("/")) fail("it must begin with /");
  const verbAt = template.lastIndexOf(":");
  const hasVerb = verbAt > template.lastIndexOf("/") && verbAt > template.lastIndexOf("}");
  const verb = hasVerb ? template.slice(verbAt + 1) : "";
  const path = hasVerb ? template.slice(1, verbAt) : template.slice(1);
  if (hasVerb && verb === "") fail("the verb after : is empty");

  const segments: Segment[] = [];
  const variables: PathVariable[] = [];
  for (const part of splitOutsideBraces(path)) {
    const variable = /^\{([^={}]+)(?:=([^{}]+))?\}$/.exec(part);
    if (variable === null) {
      if (/[{}]/.test(part)) fail(`${part} is neither a word nor a variable`);
      segments.push(segmentOf(part, fail));
      continue;
    }
    const fieldPath = variable[1] ?? "";
    if (!FIELD_PATH.test(fieldPath)) fail(`${fieldPath} is not a field path`);
    const start = segments.length;
    for (const inner of (variable[2] ?? "*").split("/")) segments.push(segmentOf(inner, fail));
    variables.push({ fieldPath, start, end: segments.length });
  }
  const restAt = segments.findIndex((segment) => segment.kind === "rest");
  if (restAt !== -1 && restAt !== segments.length - 1) fail("** must be the last segment");
  return { segments, variables, verb };
}

function segmentOf(text: string, fail: (problem: string) => never): Segment {
  if (text === "*") return { kind: "one" };
  if (text === "**") return { kind: "rest" };
  if (text === "" || text.includes("*")) fail(`the segment ${JSON.stringify(text)} is not valid`);
  return { kind: "literal", text };
}

function splitOutsideBraces(path: string): string[] {
  return path.split(/\/(?![^{]*\})/);
}
