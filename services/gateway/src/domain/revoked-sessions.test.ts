import { expect, test } from "@jest/globals";
import { createManualClock } from "@plinth/kernel/base";
import { createRevokedSessions } from "./revoked-sessions.ts";

test("a session is refused until its tokens have expired, and then forgotten", () => {
  const clock = createManualClock();
  const revoked = createRevokedSessions(10, clock);
  revoked.add("a", clock.now() + 1000);
  expect(revoked.has("a")).toBe(true);
  clock.advance(1001);
  revoked.add("b", clock.now() + 1000);
  expect([revoked.size, revoked.has("a"), revoked.has("b")]).toEqual([1, false, true]);
});

test("what has expired already is not kept, and the number is bounded", () => {
  const clock = createManualClock();
  const revoked = createRevokedSessions(3, clock);
  revoked.add("old", clock.now() - 1);
  for (const id of ["a", "b", "c", "d"]) revoked.add(id, clock.now() + 1000);
  expect([revoked.size, revoked.has("a"), revoked.has("d")]).toEqual([3, false, true]);
});
