import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@plinth/kernel/base";
import { eventually } from "@plinth/kernel/testing";
import { UserDeletedSchema, UserPasswordChangedSchema, UserUpdatedSchema } from "@plinth/proto/identity/v1/events_pb";
import { type AuthHarness, startAuthHarness } from "./auth-harness.ts";

let auth: AuthHarness;
beforeAll(async () => {
  auth = await startAuthHarness();
}, 60_000);
afterAll(() => auth.stop());

const validate = (token: string) => auth.send("POST", "validate", { token });
const over = { status: 401, error: { details: { reason: "SESSION_REVOKED" } } };
const revoked = (sessionId: string) => auth.event(({ type }, data) => type === "platform.session.revoked" && data.sessionId === sessionId);

/** Resolves when the token is refused: the event is on its way then. */
const refusedInTheEnd = (token: string) =>
  eventually(
    () => validate(token),
    ({ status }) => status !== 200,
  );

test("a changed password ends all sessions but the kept one", async () => {
  const user = auth.addUser();
  const [kept, other] = [await auth.login(user), await auth.login(user)];
  const changedAt = timestampFromDate(new Date());
  await auth.neighbours.publish(UserPasswordChangedSchema, { userId: user.id, cause: 1, keptSessionId: kept.session_id, changedAt });
  expect(await revoked(other.session_id)).toMatchObject({ reason: "REVOCATION_REASON_PASSWORD_CHANGED", userId: user.id });
  await refusedInTheEnd(other.access_token);
  await expect(validate(other.access_token)).resolves.toMatchObject(over);
  await expect(auth.refresh(kept.refresh_token)).resolves.toMatchObject({ status: 200 });
  await expect(auth.refresh(other.refresh_token)).resolves.toMatchObject({ error: { details: { reason: "INVALID_REFRESH_TOKEN" } } });
});

test("a sign-in that began before the password was changed opens nothing, one after it does", async () => {
  const user = auth.addUser();
  const early = await auth.login(user);
  const inAnHour = new Date(Date.now() + 3_600_000);
  await auth.neighbours.publish(UserPasswordChangedSchema, { userId: user.id, cause: 2, changedAt: timestampFromDate(inAnHour) });
  await revoked(early.session_id);
  const late = await auth.send("POST", "login", { email: user.email, password: user.password });
  expect(late).toMatchObject({ status: 401, error: { details: { reason: "INVALID_CREDENTIALS" } } });
  await auth.sql("update session_cutoffs set before = now() - interval '1 s' where user_id = $1", [user.id]);
  await auth.login(user);
});

test("a blocked user is signed out; a new address is in the next token", async () => {
  const user = auth.addUser();
  const tokens = await auth.login(user);
  const about = { userId: user.id, updatedAt: timestampFromDate(new Date()) };
  await auth.neighbours.publish(UserUpdatedSchema, { ...about, email: "new@example.com" });
  let { refresh_token } = tokens;
  await eventually(async () => {
    const { data } = await auth.refresh(refresh_token);
    refresh_token = String(data.refresh_token);
    return (await validate(String(data.access_token))).data.email === "new@example.com";
  });
  await auth.neighbours.publish(UserUpdatedSchema, { ...about, email: "new@example.com", blocked: true });
  expect(await revoked(tokens.session_id)).toMatchObject({ reason: "REVOCATION_REASON_USER_REMOVED" });
  await refusedInTheEnd(tokens.access_token);
});

test("nothing of a deleted user stays", async () => {
  const user = auth.addUser();
  const { session_id, access_token } = await auth.login(user);
  await auth.send("POST", "totp:enroll", { password: user.password }, { token: access_token });
  await auth.neighbours.publish(UserDeletedSchema, { userId: user.id, deletedAt: timestampFromDate(new Date()) });
  await revoked(session_id);
  const rows = await auth.sql("select email, address, user_agent from sessions where user_id = $1", [user.id]);
  expect(rows).toEqual([{ email: "", address: "", user_agent: "" }]);
  for (const table of ["devices", "authenticators"]) {
    expect(await auth.sql(`select 1 from ${table} where user_id = $1`, [user.id])).toEqual([]);
  }
});

test("a session that another replica ended is refused when its event is heard", async () => {
  const user = auth.addUser();
  const { session_id, access_token } = await auth.login(user);
  const template = await auth
    .event(({ type }) => type === "platform.session.revoked")
    .then(() => auth.events.find(({ type }) => type === "platform.session.revoked"));
  if (template === undefined) throw new Error("no event to follow");
  const tokensExpireAt = new Date(Date.now() + 900_000).toISOString();
  const data = { userId: user.id, sessionId: session_id, reason: "REVOCATION_REASON_LOGOUT", tokensExpireAt };
  await auth.bus.send([{ ...template, eventId: newId("evt"), key: user.id, data }]);
  await refusedInTheEnd(access_token);
  await expect(validate(access_token)).resolves.toMatchObject(over);
});
