import { type Locate, toProblem } from "./finding.ts";
import type { Problem } from "./problem.ts";
import { checkOwnRules } from "./rules/own-rules.ts";
import { checkRouteClaims, emptyRouteClaims } from "./rules/route-claims.ts";
import type { Module } from "./schema/module.ts";

/** Everything that is wrong with a module by itself, whatever others there are. `resolve` finds this too. */
export function validateModule(module: Module, locate?: Locate): Problem[] {
  const problems: Problem[] = [];
  const report = (finding: Parameters<typeof toProblem>[1]): void => {
    problems.push(toProblem(module.metadata.name, finding, locate?.(module, finding.path)));
  };
  checkOwnRules(module, report);
  checkRouteClaims(emptyRouteClaims(), module, report);
  return problems;
}
