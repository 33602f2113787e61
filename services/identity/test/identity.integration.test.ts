import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { IdentityService } from "@plinth/proto/identity/v1/identity_pb";
import identity from "../src/index.ts";

let harness: ServiceHarness;

beforeAll(async () => {
  // Cheap hashes: what is tested is not how slow they are.
  harness = await startHarness({ services: [identity], env: { IDENTITY_ARGON2_MEMORY_KIB: "64", IDENTITY_ARGON2_PASSES: "1" } });
});
afterAll(() => harness.stop());

const users = () => harness.client("identity", IdentityService);
const as = (id: string) => harness.client("identity", IdentityService, { user: { id } });
const verify = (email: string, password: string) =>
  harness.client("identity", IdentityService, { module: "auth" }).verifyPassword({ email, password });
const PASSWORD = "correct horse battery staple";

let counter = 0;
async function aUser(email = `user${++counter}@example.com`) {
  return users().register({ email, password: PASSWORD, firstName: "Ada", lastName: "Lovelace" });
}

test("a registered user signs in with any case of the address, and with no other password", async () => {
  const user = await aUser("Ada@Example.com");
  expect(user).toMatchObject({ email: "Ada@Example.com", emailVerified: false, tenantId: "default" });
  await expect(verify("ADA@example.COM", PASSWORD)).resolves.toMatchObject({ valid: true, user: { id: user.id } });
  await expect(verify("ada@example.com", `${PASSWORD}!`)).resolves.toMatchObject({ valid: false, knownUserId: user.id });
  await expect(verify("nobody@example.com", PASSWORD)).resolves.toMatchObject({ valid: false, knownUserId: "" });
});

test("an address is taken once in a tenant, and free in another", async () => {
  await aUser("taken@example.com");
  await expect(aUser("TAKEN@example.com")).rejects.toMatchObject({ code: "CONFLICT", reason: "EMAIL_TAKEN" });
  const elsewhere = harness.client("identity", IdentityService, { tenantId: "acme" });
  await expect(elsewhere.register({ email: "taken@example.com", password: PASSWORD })).resolves.toMatchObject({ tenantId: "acme" });
});

test("a breached or short password is refused by name of its field", async () => {
  const register = (password: string) => users().register({ email: "weak@example.com", password });
  await expect(register("password123")).rejects.toMatchObject({
    reason: "PASSWORD_BREACHED",
    fieldErrors: { password: expect.anything() },
  });
  await expect(register("short")).rejects.toMatchObject({ code: "VALIDATION_ERROR", fieldErrors: { password: expect.anything() } });
});

test("another tenant's user is not there", async () => {
  const user = await aUser();
  const stranger = harness.client("identity", IdentityService, { user: { id: user.id, tenantId: "acme" } });
  await expect(stranger.getUser({ id: user.id })).rejects.toMatchObject({ code: "NOT_FOUND", reason: "USER_NOT_FOUND" });
});

test("a changed password ends the old one", async () => {
  const user = await aUser();
  const change = as(user.id).changePassword({ currentPassword: "wrong wrong wrong", newPassword: "another fine passphrase" });
  await expect(change).rejects.toMatchObject({ code: "UNAUTHORIZED", reason: "INVALID_CREDENTIALS" });
  await as(user.id).changePassword({ currentPassword: PASSWORD, newPassword: "another fine passphrase" });
  await expect(verify(user.email, PASSWORD)).resolves.toMatchObject({ valid: false });
  await expect(verify(user.email, "another fine passphrase")).resolves.toMatchObject({ valid: true });
});

test("an imported bcrypt hash signs in once as it is, and is argon2id afterwards", async () => {
  // bcrypt of "imported passphrase", cost 4.
  const { default: bcrypt } = await import("bcrypt");
  const passwordHash = await bcrypt.hash("imported passphrase", 4);
  const answer = await users().importUsers({
    users: [
      { email: "imported@example.com", passwordHash, emailVerified: true },
      { email: "broken@example.com", passwordHash: "md5:abc" },
    ],
  });
  expect(answer).toMatchObject({ imported: 1, failures: [{ index: 1, reason: "HASH_UNKNOWN" }] });
  await expect(verify("imported@example.com", "imported passphrase")).resolves.toMatchObject({ valid: true });
  await expect(verify("imported@example.com", "imported passphrase")).resolves.toMatchObject({ valid: true });
});

test("an erased user leaves no personal data and frees the address", async () => {
  const user = await aUser("erased@example.com");
  await as(user.id).eraseUser({ password: PASSWORD });
  await expect(users().getUser({ id: user.id })).resolves.toMatchObject({
    email: `${user.id}@deleted.invalid`,
    firstName: "",
    username: "",
  });
  await expect(verify("erased@example.com", PASSWORD)).resolves.toMatchObject({ valid: false, knownUserId: "" });
  await aUser("erased@example.com");
});

test("lists leaf through all users, newest first, and a token of another list is refused", async () => {
  for (const name of ["list-a", "list-b", "list-c"]) await aUser(`${name}@example.com`);
  const first = await users().listUsers({ prefix: "list-", pageSize: 2 });
  const second = await users().listUsers({ prefix: "list-", pageSize: 2, pageToken: first.nextPageToken });
  expect([...first.users, ...second.users].map(({ email }) => email)).toEqual([
    "list-c@example.com",
    "list-b@example.com",
    "list-a@example.com",
  ]);
  expect(second.nextPageToken).toBe("");
  const mixed = users().listUsers({ prefix: "other", pageToken: first.nextPageToken });
  await expect(mixed).rejects.toMatchObject({ code: "VALIDATION_ERROR", fieldErrors: { page_token: expect.anything() } });
});
