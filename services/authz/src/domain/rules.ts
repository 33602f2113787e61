import { compileExpression, type Expression } from "./expression.ts";
import { ExpressionError } from "./expression-check.ts";
import { Grants } from "./grants.ts";
import { PatternIndex } from "./permission-pattern.ts";
import type { Policy } from "./policy.ts";
import type { Role } from "./role.ts";
import type { SetVersion } from "./set-version.ts";

/** A policy ready to be evaluated. */
export interface CompiledPolicy extends Pick<Policy, "id" | "name" | "permission" | "effect" | "version"> {
  readonly evaluate: Expression;
}

/** All roles and policies that count in a tenant, compiled. */
export interface Rules {
  readonly version: SetVersion;
  readonly roles: ReadonlyMap<string, Role>;
  readonly denying: PatternIndex<CompiledPolicy>;
  readonly allowing: PatternIndex<CompiledPolicy>;
  /** What these roles give together. Users with the same roles share one compiled set. */
  grantsOf(roles: readonly string[]): Grants;
}

/** Combinations of roles that are kept. Users have few roles, so few combinations cover most of them. */
const MAX_COMBINATIONS = 10_000;

/** @param compile Compiles an expression that was checked when it was written; may remember what it compiled. */
export function compileRules(
  version: SetVersion,
  roles: readonly Role[],
  policies: readonly Policy[],
  compile: (expression: string) => Expression = compileOrFail,
): Rules {
  const byName = new Map(roles.map((role) => [role.name, role]));
  const denying = new PatternIndex<CompiledPolicy>();
  const allowing = new PatternIndex<CompiledPolicy>();
  for (const { id, name, permission, effect, version: own, expression, enabled } of policies) {
    if (!enabled) continue;
    const compiled = { id, name, permission, effect, version: own, evaluate: compile(expression) };
    (effect === "deny" ? denying : allowing).add(permission, compiled);
  }
  const combinations = new Map<string, Grants>();
  return {
    version,
    roles: byName,
    denying,
    allowing,
    grantsOf(names) {
      const key = names.join();
      let grants = combinations.get(key);
      if (grants === undefined) {
        if (combinations.size >= MAX_COMBINATIONS) combinations.clear();
        grants = new Grants(names.flatMap((name) => byName.get(name) ?? []).filter(({ retired }) => !retired));
        combinations.set(key, grants);
      }
      return grants;
    },
  };
}

/** What was written by a version that knew more than this one fails at each evaluation, and says why. */
export function compileOrFail(expression: string): Expression {
  try {
    return compileExpression(expression);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const problem = error.message;
    return () => ({ kind: "failed", problem });
  }
}
