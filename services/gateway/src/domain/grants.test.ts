import { expect, test } from "@jest/globals";
import { createManualClock, type UserIdentity } from "@plinth/kernel/base";
import { createGrants } from "./grants.ts";

const user = (id: string): UserIdentity => ({ id, email: "", roles: [], tenantId: "default", sessionId: "s", token: "t" });

test("only grants are remembered, for a while", async () => {
  const clock = createManualClock();
  let asked = 0;
  const grants = createGrants(
    async (_user, permission) => {
      asked++;
      return permission === "a.b.c";
    },
    { ttlMs: 1000, clock },
  );
  expect(await grants.allows(user("u"), "a.b.c", "r")).toBe(true);
  expect(grants.allows(user("u"), "a.b.c", "r")).toBe(true);
  expect(asked).toBe(1);
  expect(await grants.allows(user("u"), "x.y.z", "r")).toBe(false);
  expect(await grants.allows(user("u"), "x.y.z", "r")).toBe(false);
  expect(asked).toBe(3);
  clock.advance(1001);
  expect(grants.allows(user("u"), "a.b.c", "r")).toBeInstanceOf(Promise);
});

test("one question serves all who ask at once", async () => {
  let asked = 0;
  const grants = createGrants(async () => ++asked > 0);
  await Promise.all([1, 2, 3].map(() => grants.allows(user("u"), "a.b.c", "r")));
  expect(asked).toBe(1);
});

test("a grant that was revoked while it was asked for is not remembered", async () => {
  let answer: (granted: boolean) => void = () => {};
  const grants = createGrants(() => new Promise((resolve) => (answer = resolve)));
  const asking = grants.allows(user("u"), "a.b.c", "r");
  grants.forgetUser("u");
  answer(true);
  expect(await asking).toBe(true);
  expect(grants.allows(user("u"), "a.b.c", "r")).toBeInstanceOf(Promise);
});
