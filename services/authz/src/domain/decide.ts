import type { Attributes } from "./attributes.ts";
import type { Meter } from "./cost.ts";
import type { Verdict } from "./expression.ts";
import type { Grant } from "./grants.ts";
import { covers } from "./permission-pattern.ts";
import { PLATFORM_ADMIN } from "./role.ts";
import type { CompiledPolicy } from "./rules.ts";
import type { Subject } from "./subject.ts";

/** One role or policy that was looked at. */
export interface DecisionStep {
  readonly kind: "role" | "policy" | "default";
  /** Role name or policy id. */
  readonly name: string;
  /** The pattern in it that matched. */
  readonly rule: string;
  readonly result: "allow" | "deny" | "no-match" | "error";
  readonly message: string;
  /** Of the role or policy. */
  readonly version: number;
}

export interface Decision {
  readonly allowed: boolean;
  /** The step that decided. */
  readonly step: DecisionStep;
}

/** What is asked about a user. */
export interface Question {
  readonly permission: string;
  readonly resource: Attributes;
  readonly context: Attributes;
}

/** Whatever policies say, administrators can mend them: a policy that denies everything to everybody is one typing error away. */
const MENDING = "authz.policy.*";

/** The same grant gives the same decision, so it is made once. */
const decisions = new WeakMap<Grant, Decision>();

/**
 * Denying policies come first and are final; then what roles give; then allowing policies. A policy whose expression fails
 * does not match. A denying one that takes too many steps denies: whoever chooses the attributes must not escape it by their size.
 */
export function decide(subject: Subject, question: Question, meter: Meter): Decision {
  const { permission } = question;
  const { denying, allowing } = subject.rules;
  if (denying.size > 0 && !mayMend(subject, permission)) {
    for (const policy of denying.collect(permission)) {
      const step = policyStep(policy, evaluate(policy, subject, question, meter));
      if (step.result === "deny") return { allowed: false, step };
    }
  }
  const grant = subject.grants.find(permission);
  if (grant !== undefined) return grantDecision(grant);
  if (allowing.size > 0) {
    for (const policy of allowing.collect(permission)) {
      const step = policyStep(policy, evaluate(policy, subject, question, meter));
      if (step.result === "allow") return { allowed: true, step };
    }
  }
  return { allowed: false, step: defaultStep(permission) };
}

/** The same decision with everything that was looked at, in the order of looking; the last step decided. */
export function explain(subject: Subject, question: Question, meter: Meter): { allowed: boolean; steps: DecisionStep[] } {
  const { permission } = question;
  const { denying, allowing, roles } = subject.rules;
  const steps: DecisionStep[] = [];
  const mend = mayMend(subject, permission);
  for (const policy of denying.collect(permission)) {
    const step = mend ? spared(policy) : policyStep(policy, evaluate(policy, subject, question, meter));
    steps.push(step);
    if (step.result === "deny") return { allowed: false, steps };
  }
  const grant = subject.grants.find(permission);
  for (const { role: name } of subject.assignments) {
    const role = roles.get(name);
    if (role === undefined || role.retired)
      steps.push(roleStep(name, "", "no-match", `The role ${name} is gone with its module.`, role?.version));
  }
  for (const name of subject.roles) {
    if (name === grant?.role) continue;
    const role = roles.get(name);
    // The grant that decides is the most exact one; another role may hold the permission as well.
    const rule = role?.permissions.find((pattern) => covers(pattern, permission)) ?? "";
    const message = rule === "" ? `The role ${name} does not hold it.` : `The role ${name} holds it, too, by ${rule}.`;
    steps.push(roleStep(name, rule, rule === "" ? "no-match" : "allow", message, role?.version));
  }
  if (grant !== undefined) {
    steps.push(grantDecision(grant).step);
    return { allowed: true, steps };
  }
  for (const policy of allowing.collect(permission)) {
    const step = policyStep(policy, evaluate(policy, subject, question, meter));
    steps.push(step);
    if (step.result === "allow") return { allowed: true, steps };
  }
  steps.push(defaultStep(permission));
  return { allowed: false, steps };
}

function mayMend(subject: Subject, permission: string): boolean {
  return covers(MENDING, permission) && subject.roles.includes(PLATFORM_ADMIN);
}

function evaluate(policy: CompiledPolicy, subject: Subject, { resource, context }: Question, meter: Meter): Verdict {
  return policy.evaluate({ subject: subject.attributes, resource, context }, meter);
}

function grantDecision(grant: Grant): Decision {
  let decision = decisions.get(grant);
  if (decision === undefined) {
    const { role, rule, version } = grant;
    decision = { allowed: true, step: roleStep(role, rule, "allow", `The role ${role} allows it by ${rule}.`, version) };
    decisions.set(grant, decision);
  }
  return decision;
}

function roleStep(name: string, rule: string, result: DecisionStep["result"], message: string, version = 0): DecisionStep {
  return { kind: "role", name, rule, result, message, version };
}

function policyStep(policy: CompiledPolicy, verdict: Verdict): DecisionStep {
  const { id: name, permission: rule, version, effect } = policy;
  const step = (result: DecisionStep["result"], message: string): DecisionStep => ({
    kind: "policy",
    name,
    rule,
    result,
    message,
    version,
  });
  switch (verdict.kind) {
    case "true":
      return step(effect, `The policy ${policy.name} ${effect === "deny" ? "denies" : "allows"} it.`);
    case "false":
      return step("no-match", `The policy ${policy.name} does not apply.`);
    case "failed":
      return step("error", `The policy ${policy.name} cannot be evaluated, so it does not apply: ${verdict.problem}.`);
    case "costly":
      if (effect === "deny") return step("deny", `The policy ${policy.name} takes too many steps over these attributes, so it denies.`);
      return step("error", `The policy ${policy.name} takes too many steps over these attributes, so it does not allow.`);
  }
}

function spared({ id: name, permission: rule, version, name: title }: CompiledPolicy): DecisionStep {
  const message = `The policy ${title} does not keep platform administrators from mending policies.`;
  return { kind: "policy", name, rule, result: "no-match", message, version };
}

function defaultStep(permission: string): DecisionStep {
  return { kind: "default", name: "", rule: "", result: "deny", message: `No role and no policy allows ${permission}.`, version: 0 };
}
