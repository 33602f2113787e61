import { type Module, permissionRegistry } from "@plinth/module";
import { readAttributes } from "../domain/attributes.ts";
import { newMeter } from "../domain/cost.ts";
import { type DecisionStep, explain } from "../domain/decide.ts";
import { newPolicy, type Policy } from "../domain/policy.ts";
import { newRole, type Role } from "../domain/role.ts";
import { compileRules } from "../domain/rules.ts";
import { newSubject } from "../domain/subject.ts";
import { type PolicyTest, parsePolicyTests } from "./policy-test-file.ts";

export interface PolicyTestResult {
  readonly name: string;
  readonly passed: boolean;
  /** What was decided otherwise than expected, and why; empty where it passed. */
  readonly problem: string;
}

const TENANT = "default";
const START = new Date(0);
const VERSION = { tenant: 0, platform: 0 };

/**
 * Runs a file of policy tests with the code that decides in the service, on the roles of the platform and of `modules`.
 * Throws for a file that is wrong, and for policies and roles that the service would refuse.
 */
export function runPolicyTests(yaml: string, modules: readonly Module[]): PolicyTestResult[] {
  const file = parsePolicyTests(yaml);
  const declared = permissionRegistry(modules).roles.map((role): Role => ({ ...role, version: 1, retired: false, updatedAt: START }));
  const own = Object.entries(file.roles ?? {}).map(([name, permissions]) =>
    newRole(name, { description: "", permissions }, () => true, START),
  );
  const policies = (file.policies ?? []).map((text): Policy => {
    try {
      return newPolicy(text.name, TENANT, { description: "", enabled: true, ...text }, START);
    } catch (error) {
      throw new Error(`policy ${text.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  const rules = compileRules(VERSION, [...declared, ...own], policies);
  const known = new Set(rules.roles.keys());
  return file.tests.map((test) => {
    const { id, roles = [] } = test.user;
    const unknown = roles.find((role) => !known.has(role));
    if (unknown !== undefined) throw new Error(`test "${test.name}": there is no role ${unknown}`);
    const assignments = roles.map((role) => ({ userId: id, role, assignedAt: START, assignedBy: "", expiresAt: null }));
    const subject = newSubject(id, TENANT, assignments, VERSION, rules, START);
    const resource = readAttributes(test.resource, "resource");
    const question = { permission: test.permission, resource, context: readAttributes(test.context, "context") };
    const { allowed, steps } = explain(subject, question, newMeter());
    return verdictOf(test, allowed, steps);
  });
}

function verdictOf(test: PolicyTest, allowed: boolean, steps: readonly DecisionStep[]): PolicyTestResult {
  const last = steps.at(-1);
  const decider = last?.kind === "default" ? "default" : (last?.name ?? "");
  const right = allowed === (test.expect === "allow") && (test.decided_by === undefined || test.decided_by === decider);
  if (right) return { name: test.name, passed: true, problem: "" };
  const wanted = test.decided_by === undefined ? test.expect : `${test.expect} by ${test.decided_by}`;
  const looked = steps.map(({ message }) => `  ${message}`).join("\n");
  return { name: test.name, passed: false, problem: `expected ${wanted}, got ${allowed ? "allow" : "deny"} by ${decider}:\n${looked}` };
}
