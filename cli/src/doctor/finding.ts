/** What one look at the machine or the project told. */
export interface Finding {
  readonly level: "ok" | "warn" | "fail";
  readonly what: string;
  /** What to do; where something is wrong. */
  readonly mend?: string;
}

export function ok(what: string): Finding {
  return { level: "ok", what };
}

/** Works, but not as it should. */
export function warn(what: string, mend: string): Finding {
  return { level: "warn", what, mend };
}

/** The platform does not start like this. */
export function fail(what: string, mend: string): Finding {
  return { level: "fail", what, mend };
}
