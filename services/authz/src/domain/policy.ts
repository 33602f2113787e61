import { validation } from "@plinth/kernel/base";
import { compileExpression } from "./expression.ts";
import { ExpressionError } from "./expression-check.ts";

export type PolicyEffect = "allow" | "deny";

/** A rule over attributes. */
export interface Policy {
  readonly id: string;
  readonly tenantId: string;
  /** Unique in the tenant. */
  readonly name: string;
  readonly description: string;
  /** The permission it is about, or a wildcard. */
  readonly permission: string;
  readonly effect: PolicyEffect;
  /** CEL over subject, resource and context. */
  readonly expression: string;
  /** False: it is kept, but not applied. */
  readonly enabled: boolean;
  /** Counts its changes, from 1. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Policies of a tenant. Those about one permission are all evaluated at each check of it. */
export const MAX_POLICIES = 500;

export type PolicyText = Pick<Policy, "name" | "description" | "permission" | "effect" | "expression" | "enabled">;

/** Absent fields stay. */
export type PolicyChange = { readonly [Key in Exclude<keyof PolicyText, "name">]?: PolicyText[Key] | undefined };

export function newPolicy(id: string, tenantId: string, text: PolicyText, now: Date): Policy {
  checkExpressionText(text.expression);
  return { id, tenantId, ...text, version: 1, createdAt: now, updatedAt: now };
}

/** The same policy where the change changes nothing. */
export function changePolicy(policy: Policy, change: PolicyChange, now: Date): Policy {
  const { description, permission, effect, expression, enabled } = policy;
  const wanted = {
    description: change.description ?? description,
    permission: change.permission ?? permission,
    effect: change.effect ?? effect,
    expression: change.expression ?? expression,
    enabled: change.enabled ?? enabled,
  };
  const same = (Object.keys(wanted) as (keyof typeof wanted)[]).every((key) => wanted[key] === policy[key]);
  if (same) return policy;
  checkExpressionText(wanted.expression);
  return { ...policy, ...wanted, version: policy.version + 1, updatedAt: now };
}

function checkExpressionText(expression: string): void {
  try {
    compileExpression(expression);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { line, column } = error.position;
    throw validation({ expression: error.message }, { metadata: { line: String(line), column: String(column) } });
  }
}
