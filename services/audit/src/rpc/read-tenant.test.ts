import { expect, test } from "@jest/globals";
import type { CallContext } from "@plinth/kernel/rpc";
import { readTenant } from "./read-tenant.ts";

const aCall = (userId?: string) =>
  ({ tenantId: "own", ...(userId === undefined ? {} : { user: { id: userId } }) }) as unknown as CallContext;

function aGate() {
  const told: string[] = [];
  const asked: string[] = [];
  const tenantOf = readTenant(
    async (userId, permission) => {
      asked.push(`${userId} ${permission}`);
      return userId === "user_auditor";
    },
    async (tenantId) => {
      told.push(tenantId);
    },
  );
  return { tenantOf, told, asked };
}

test.each(["", "own"])("the own tenant, asked for as %j, takes no permission beyond the route's", async (wanted) => {
  const { tenantOf, told, asked } = aGate();
  await expect(tenantOf(wanted, aCall("user_1"))).resolves.toBe("own");
  expect([told, asked]).toEqual([[], []]);
});

test("another tenant is for holders of audit.tenant.read, and that it was read is told", async () => {
  const { tenantOf, told, asked } = aGate();
  await expect(tenantOf("other", aCall("user_auditor"))).resolves.toBe("other");
  expect([told, asked]).toEqual([["other"], ["user_auditor audit.tenant.read"]]);
});

test.each([
  ["somebody else", "user_1"],
  ["nobody", undefined],
])("another tenant is refused to %s, by the name of the permission", async (_who, userId) => {
  const { tenantOf, told } = aGate();
  await expect(tenantOf("other", aCall(userId))).rejects.toMatchObject({
    code: "FORBIDDEN",
    metadata: { permission: "audit.tenant.read" },
  });
  expect(told).toEqual([]);
});
