import type { Problem } from "./problem.ts";

/** A problem as plain text over a few lines: where, which module, field and value, what is wrong, what to do. Ends without a newline. */
export function formatProblem(problem: Problem): string {
  const lines = [`${problem.reason} in module ${problem.module === "" ? "(unnamed)" : problem.module}`];
  if (problem.file !== undefined)
    lines.push(`  at:      ${[problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(":")}`);
  lines.push(`  field:   ${problem.path === "" ? "(the whole file)" : problem.path}`);
  lines.push(`  value:   ${problem.value}`);
  lines.push(`  problem: ${problem.message}`);
  lines.push(`  mend:    ${problem.mend}`);
  return lines.join("\n");
}
