import type { Handlers } from "@plinth/kernel/rpc";
import type { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { NO_ATTRIBUTES, readAttributes } from "../domain/attributes.ts";
import { newMeter } from "../domain/cost.ts";
import { decide, explain, type Question } from "../domain/decide.ts";
import { USER_ROLE } from "../domain/role.ts";
import { formatVersion, parseVersion } from "../domain/set-version.ts";
import type { Subject } from "../domain/subject.ts";
import type { Subjects } from "../domain/subjects.ts";
import { stepMessage } from "../messages/decision-message.ts";
import { assignmentMessage } from "../messages/role-message.ts";
import { actingUser } from "./acting-user.ts";

type DecisionMethods =
  | "authorize"
  | "explainDecision"
  | "hasPermission"
  | "batchCheck"
  | "listAllowed"
  | "getUserPermissions"
  | "getMyPermissions"
  | "getUserRoles";

/** Answers questions about users of the call's tenant. */
export function decisionHandlers(subjects: Subjects): Pick<Handlers<typeof AuthzService>, DecisionMethods> {
  const subjectOf = (tenantId: string, userId: string, minVersion: string): Subject | Promise<Subject> =>
    subjects.get(tenantId, userId, parseVersion(minVersion));

  return {
    async authorize({ userId, permission, resource, context, minVersion }, { tenantId }) {
      const question: Question = {
        permission,
        resource: readAttributes(resource, "resource"),
        context: readAttributes(context, "context"),
      };
      const subject = await subjectOf(tenantId, userId, minVersion);
      const { allowed, step } = decide(subject, question, newMeter());
      return { authorized: allowed, message: step.message, trace: [stepMessage(step)], version: formatVersion(subject.version) };
    },

    async explainDecision({ userId, permission, resource, context, minVersion }, { tenantId }) {
      const question: Question = {
        permission,
        resource: readAttributes(resource, "resource"),
        context: readAttributes(context, "context"),
      };
      const subject = await subjectOf(tenantId, userId, minVersion);
      const { allowed, steps } = explain(subject, question, newMeter());
      return {
        authorized: allowed,
        message: steps.at(-1)?.message ?? "",
        trace: steps.map(stepMessage),
        version: formatVersion(subject.version),
        roles: [...subject.roles],
      };
    },

    async hasPermission({ userId, permission, minVersion }, { tenantId }) {
      const subject = await subjectOf(tenantId, userId, minVersion);
      const { allowed } = decide(subject, { permission, resource: NO_ATTRIBUTES, context: NO_ATTRIBUTES }, newMeter());
      return { allowed, version: formatVersion(subject.version) };
    },

    async batchCheck({ userId, checks, context: attributes, minVersion }, { tenantId }) {
      const context = readAttributes(attributes, "context");
      const questions = checks.map(({ permission, resource }, index): Question => {
        return { permission, resource: readAttributes(resource, `checks[${index}].resource`), context };
      });
      const subject = await subjectOf(tenantId, userId, minVersion);
      const meter = newMeter();
      const results = questions.map((question) => {
        const { allowed, step } = decide(subject, question, meter);
        return { authorized: allowed, message: step.message };
      });
      return { results, version: formatVersion(subject.version) };
    },

    async listAllowed({ userId, permission, candidates, context: attributes, minVersion }, { tenantId }) {
      const context = readAttributes(attributes, "context");
      const questions = candidates.map(({ id, attributes: own }, index) => {
        const resource = new Map(readAttributes(own, `candidates[${index}].attributes`)).set("id", id);
        return { id, question: { permission, resource, context } };
      });
      const subject = await subjectOf(tenantId, userId, minVersion);
      const meter = newMeter();
      const allowed = questions.filter(({ question }) => decide(subject, question, meter).allowed);
      return { allowedIds: allowed.map(({ id }) => id), version: formatVersion(subject.version) };
    },

    async getUserPermissions({ userId, minVersion }, { tenantId }) {
      return permissionsOf(await subjectOf(tenantId, userId, minVersion));
    },

    async getMyPermissions({ minVersion }, context) {
      return permissionsOf(await subjectOf(context.tenantId, actingUser(context).id, minVersion));
    },

    async getUserRoles({ userId, minVersion }, { tenantId }) {
      const subject = await subjectOf(tenantId, userId, minVersion);
      const assignments = [...subject.assignments.map(assignmentMessage), { role: USER_ROLE }];
      assignments.sort((one, other) => ((one.role ?? "") < (other.role ?? "") ? -1 : 1));
      return { assignments, version: formatVersion(subject.version) };
    },
  };
}

function permissionsOf({ grants, version }: Subject): { permissions: string[]; version: string } {
  return { permissions: grants.patterns(), version: formatVersion(version) };
}
