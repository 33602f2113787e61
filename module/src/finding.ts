import { type FieldPath, formatFieldPath } from "./field-path.ts";
import type { Location, Problem, Reason } from "./problem.ts";
import type { Module } from "./schema/module.ts";
import { showValue } from "./shown-value.ts";

/** What a rule finds wrong in a module it is looking at. */
export interface Finding {
  reason: Reason;
  path: FieldPath;
  /** The value as it stands there; `toProblem` sees to it that no secret is shown. */
  value: unknown;
  message: string;
  mend: string;
}

/** Takes a finding; rules call it once for everything they see. */
export type Report = (finding: Finding) => void;

/** Where a field of a module is written, if its text is known. */
export type Locate = (module: Module, path: FieldPath) => Location | undefined;

export function toProblem(module: string, finding: Finding, location: Location | undefined): Problem {
  return {
    module,
    path: formatFieldPath(finding.path),
    value: showValue(finding.value, finding.path),
    reason: finding.reason,
    message: finding.message,
    mend: finding.mend,
    ...location,
  };
}
