import { newId, notFound } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import type { PolicyStore } from "../domain/access-store.ts";
import { changePolicy, newPolicy, type PolicyChange } from "../domain/policy.ts";
import { mayDeletePolicy, mayWritePolicy } from "../domain/role-rights.ts";
import { formatVersion } from "../domain/set-version.ts";
import { effectOf, policyMessage } from "../messages/policy-message.ts";
import { actingUser } from "./acting-user.ts";

type PolicyMethods = "listPolicies" | "getPolicy" | "createPolicy" | "updatePolicy" | "deletePolicy";

/** As the proto says. */
const PAGE_SIZE = 20;

export function policyHandlers(policies: PolicyStore): Pick<Handlers<typeof AuthzService>, PolicyMethods> {
  return {
    async listPolicies({ pageSize, pageToken }) {
      const page = await policies.listPolicies({ size: pageSize || PAGE_SIZE, token: pageToken });
      return { policies: page.items.map((policy) => policyMessage(policy)), nextPageToken: page.nextPageToken };
    },

    async getPolicy({ id }) {
      const policy = await policies.findPolicy(id);
      if (policy === undefined) {
        throw notFound(`There is no policy ${id}; see GET /api/v1/authz/policies.`, { reason: "POLICY_NOT_FOUND", metadata: { id } });
      }
      return policyMessage(policy);
    },

    async createPolicy({ name, description, permission, effect, expression, enabled = true }, context) {
      context.restStatus = 201;
      const text = { name, description, permission, effect: effectOf(effect), expression, enabled };
      const policy = newPolicy(newId("policy"), context.tenantId, text, new Date());
      const { value, version } = await policies.insert(actingUser(context).id, (actor) => mayWritePolicy(undefined, policy, actor));
      return policyMessage(value, version);
    },

    async updatePolicy({ id, description, permission, effect, expression, enabled }, context) {
      const wanted: PolicyChange = {
        description,
        permission,
        effect: effect === undefined ? undefined : effectOf(effect),
        expression,
        enabled,
      };
      const { value, version } = await policies.change(id, actingUser(context).id, (before, actor) =>
        mayWritePolicy(before, changePolicy(before, wanted, new Date()), actor),
      );
      return policyMessage(value, version);
    },

    async deletePolicy({ id }, context) {
      return { version: formatVersion(await policies.remove(id, actingUser(context).id, mayDeletePolicy)) };
    },
  };
}
