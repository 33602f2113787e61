import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually, type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { CustomerService } from "@plinth/proto/customer/v1/customer_pb";
import { IdentityService } from "@plinth/proto/identity/v1/identity_pb";
import { Pool } from "pg";
import authz from "../../authz/src/index.ts";
import identity from "../../identity/src/index.ts";
import customer from "../src/index.ts";

let harness: ServiceHarness;
let database: Pool;
let users = 0;

beforeAll(async () => {
  const env = { AUTHZ_BOOTSTRAP_TOKEN: "only the first may have it", IDENTITY_ARGON2_MEMORYKIB: "64" };
  harness = await startHarness({ services: [authz, identity, customer], env });
  database = new Pool({ connectionString: harness.adminUrl, max: 2 });
  const asIdentity = harness.client("authz", AuthzService, { module: "identity" });
  await asIdentity.claimBootstrap({ userId: "user_admin", bootstrapToken: "only the first may have it" });
  const asAdmin = harness.client("authz", AuthzService, { user: { id: "user_admin" } });
  await asAdmin.assignRole({ userId: "user_support", role: "customer-support" });
});
afterAll(async () => {
  await database.end();
  await harness.stop();
});

const as = (id: string, tenantId = "default") =>
  harness.client("customer", CustomerService, { user: { id, tenantId, email: `${id}@example.com` } });
const support = () => as("user_support");
const aUser = () => `user_${++users}`;
const ADDRESS = { name: "Ada", line1: "Way 1", city: "Berlin", postalCode: "10115", country: "DE" };
const forbidden = (permission: string) => ({ code: "FORBIDDEN", metadata: { permission } });

/** What was written for other modules about a customer; the relay may have moved it from the outbox to the bus. */
async function published(customerId: string): Promise<[string, unknown][]> {
  const { rows } = await database.query<{ envelope: { type: string; data: { changes?: unknown } } }>(
    `select envelope from (select envelope from customer.outbox union all select envelope from plinth_bus.log) sent
     where envelope->>'topic' = 'customer' and envelope->'data'->>'customerId' = $1 order by envelope->>'eventId'`,
    [customerId],
  );
  return rows.map(({ envelope }) => [envelope.type, envelope.data.changes]);
}

describe("the own customer", () => {
  test("is made at the first use, once however often it is asked for at once", async () => {
    const user = aUser();
    const answers = await Promise.all(Array.from({ length: 8 }, () => as(user).getMe({})));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers[0]).toMatchObject({ userId: user, email: `${user}@example.com`, tier: "standard", version: 1 });
    expect(await published(answers[0]?.id ?? "")).toEqual([["customer.created", undefined]]);
  });

  test("is changed field by field, and others hear which part; no change is no news", async () => {
    const user = aUser();
    const changed = await as(user).updateMe({ firstName: "Ada", locale: "de-DE", expectedVersion: 1 });
    expect(changed).toMatchObject({ firstName: "Ada", locale: "de-DE", lastName: "", version: 2 });
    await expect(as(user).updateMe({ firstName: "Ada" })).resolves.toMatchObject({ version: 2 });
    await expect(as(user).updateMe({ lastName: "L", expectedVersion: 1 })).rejects.toMatchObject({ reason: "VERSION_CONFLICT" });
    const news = [
      ["customer.created", undefined],
      ["customer.updated", ["CUSTOMER_CHANGE_PROFILE", "CUSTOMER_CHANGE_PREFERENCES"]],
    ];
    expect(await published(changed.id)).toEqual(news);
  });

  test("takes somebody who is signed in", async () => {
    await expect(harness.client("customer", CustomerService).getMe({})).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });
});

describe("customers of others", () => {
  test("are made, found by the beginning of their address, and given a tier", async () => {
    const guest = await support().createCustomer({ email: "Grace_H%@example.com", firstName: "Grace" });
    expect(guest.userId).toBe("");
    const { customers } = await support().listCustomers({ emailPrefix: "grace_h%" });
    expect(customers.map(({ id }) => id)).toEqual([guest.id]);
    expect((await support().listCustomers({ emailPrefix: "g_" })).customers).toEqual([]);
    await expect(support().updateCustomer({ id: guest.id, tier: "gold" })).resolves.toMatchObject({ tier: "gold", firstName: "Grace" });
    await expect(support().getCustomer({ id: "cus_none" })).rejects.toMatchObject({ code: "NOT_FOUND", reason: "CUSTOMER_NOT_FOUND" });
  });

  test("are one for each user", async () => {
    const user = aUser();
    const made = await support().createCustomer({ email: "x@example.com", userId: user });
    const again = support().createCustomer({ email: "y@example.com", userId: user });
    await expect(again).rejects.toMatchObject({ code: "CONFLICT", reason: "CUSTOMER_EXISTS" });
    await expect(as(user).getMe({})).resolves.toMatchObject({ id: made.id, email: "x@example.com" });
  });

  test("of another tenant are not there", async () => {
    const { id } = await as(aUser()).getMe({});
    await expect(as("user_else", "acme").getCustomer({ id })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(as("user_else", "acme").updateCustomer({ id, tier: "gold" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await as("user_else", "acme").listCustomers({})).customers).toEqual([]);
  });
});

describe("addresses", () => {
  test("have one default for each use, which moves, and passes on when it is removed", async () => {
    const user = aUser();
    const add = (label: string, change = {}) => as(user).addAddress({ customerId: "me", label, ...ADDRESS, ...change });
    const [home, work] = [await add("Home"), await add("Work")];
    expect([home, work].map(({ defaultShipping, defaultBilling }) => [defaultShipping, defaultBilling])).toEqual([
      [true, true],
      [false, false],
    ]);
    await as(user).updateAddress({ customerId: "me", id: work.id, defaultShipping: true });
    // Back to the older one: it gains while the younger one loses.
    await as(user).updateAddress({ customerId: home.customerId, id: work.id, defaultBilling: true, line1: "Way 2" });
    await as(user).updateAddress({ customerId: "me", id: home.id, defaultShipping: true });
    const labels = async () => {
      const { addresses } = await as(user).listAddresses({ customerId: "me" });
      return addresses.map(({ label, line1, defaultShipping, defaultBilling }) => [label, line1, defaultShipping, defaultBilling]);
    };
    expect(await labels()).toEqual([
      ["Home", "Way 1", true, false],
      ["Work", "Way 2", false, true],
    ]);
    await as(user).removeAddress({ customerId: "me", id: work.id });
    expect(await labels()).toEqual([["Home", "Way 1", true, true]]);
    await expect(as(user).removeAddress({ customerId: "me", id: work.id })).rejects.toMatchObject({
      code: "NOT_FOUND",
      reason: "ADDRESS_NOT_FOUND",
    });
    expect((await published(home.customerId)).at(-1)).toEqual(["customer.updated", ["CUSTOMER_CHANGE_ADDRESSES"]]);
  });

  test("added at once keep one default", async () => {
    const user = aUser();
    const adding = Array.from({ length: 10 }, () => as(user).addAddress({ customerId: "me", ...ADDRESS, defaultShipping: true }));
    await Promise.all(adding);
    const { addresses } = await as(user).listAddresses({ customerId: "me" });
    expect(addresses).toHaveLength(10);
    expect(addresses.filter(({ defaultShipping }) => defaultShipping)).toHaveLength(1);
  });

  test("of others take the permission, whether or not there is such a customer", async () => {
    const owner = await as(aUser()).getMe({});
    for (const customerId of [owner.id, "cus_none"]) {
      await expect(as("user_bob").listAddresses({ customerId })).rejects.toMatchObject(forbidden("customer.customer.read"));
      await expect(as("user_bob").addAddress({ customerId, ...ADDRESS })).rejects.toMatchObject(forbidden("customer.customer.update"));
    }
    const { id } = await support().addAddress({ customerId: owner.id, ...ADDRESS });
    await expect(as("user_bob").removeAddress({ customerId: "me", id })).rejects.toMatchObject({ reason: "ADDRESS_NOT_FOUND" });
    expect((await support().listAddresses({ customerId: owner.id })).addresses).toHaveLength(1);
  });

  test("refuse what is none", async () => {
    const add = (change: Partial<typeof ADDRESS>) => as(aUser()).addAddress({ customerId: "me", ...ADDRESS, ...change });
    await expect(add({ country: "Germany" })).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
      fieldErrors: { country: expect.anything() },
    });
    await expect(add({ line1: "" })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    await expect(add({ city: "a\0b" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
  });
});

test("whoever deletes their account leaves nothing personal here", async () => {
  const email = "gone@example.com";
  const { id: user } = await harness
    .client("identity", IdentityService)
    .register({ email, password: "correct horse battery staple", username: "gone" });
  const { id } = await as(user).updateMe({ firstName: "Ada", phone: "0123" });
  await as(user).addAddress({ customerId: "me", ...ADDRESS });
  await harness.client("identity", IdentityService, { user: { id: "user_admin" } }).deleteUser({ id: user });
  await eventually(async () => (await support().getCustomer({ id })).erased);
  await expect(support().getCustomer({ id })).resolves.toMatchObject({ erased: true, email: "", firstName: "", phone: "", userId: user });
  expect((await support().listAddresses({ customerId: id })).addresses).toEqual([]);
  await expect(support().updateCustomer({ id, firstName: "Ada" })).rejects.toMatchObject({ reason: "CUSTOMER_ERASED" });
});
