import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import pg from "pg";
import { type Account, anAccount, callApi, PASSWORD, signIn } from "./accounts.ts";
import { freshAddress, startHostilePlatform } from "./hostile-platform.ts";
import type { LocalPlatform } from "./local-platform.ts";

/** Two tenants on one platform: what one has does not exist for the other, not even for its administrator. */
const ACME = { "x-tenant-id": "acme" };
const MODULES = ["auth", "authz", "identity", "blog", "audit", "notification"];

let platform: LocalPlatform;
let database: pg.Client;
/** Administers the tenant `default`. */
let ada: Account;
/** Administers the tenant `acme`. */
let eve: Account;

beforeAll(async () => {
  platform = await startHostilePlatform();
  database = new pg.Client(await platform.adminUrl());
  await database.connect();
  ada = await anAccount(platform, "ada@example.com", { administrator: true });
  const { body } = await callApi(platform, "POST", "/users/register", {
    body: { email: "eve@example.com", password: PASSWORD },
    headers: ACME,
  });
  // The one bootstrap token is spent in the tenant `default`.
  await database.query("insert into authz.assignments values ('acme', $1, 'platform-admin', now(), $1, null)", [body.data.id]);
  eve = await signIn(platform, "eve@example.com", ACME);
}, 90_000);

afterAll(async () => {
  await database.end();
  await platform.stop();
  await platform.remove();
});

const asEve = (method: string, path: string, body?: unknown) =>
  callApi(platform, method, path, { token: eve.token, ...(body !== undefined && { body }) });
const asAda = (method: string, path: string, body?: unknown) =>
  callApi(platform, method, path, { token: ada.token, ...(body !== undefined && { body }) });

describe("what another tenant has is NOT_FOUND, for its administrator too", () => {
  async function notFound(calls: readonly (readonly [method: string, path: string, body?: unknown])[]): Promise<void> {
    for (const [method, path, body] of calls) {
      for (const headers of [{}, ACME]) {
        const { status, body: answer } = await callApi(platform, method, path, {
          token: ada.token,
          headers,
          ...(body !== undefined && { body }),
        });
        expect({ method, path, status, code: answer.error?.code }).toEqual({ method, path, status: 404, code: "NOT_FOUND" });
      }
    }
  }

  test("posts, their revisions and comments", async () => {
    const { body: created } = await asEve("POST", "/blog/posts", { title: "Ours alone" });
    const { id, slug } = created.data;
    await asEve("POST", `/blog/posts/${id}:publish`, {});
    const { body: comment } = await asEve("POST", `/blog/posts/${id}/comments`, { content: "Well said" });
    await notFound([
      ["GET", `/blog/posts/${id}`],
      ["GET", `/blog/slugs/${slug}`],
      ["PUT", `/blog/posts/${id}`, { title: "Mine" }],
      ["POST", `/blog/posts/${id}:publish`, {}],
      ["POST", `/blog/posts/${id}:archive`, {}],
      ["POST", `/blog/posts/${id}:schedule`, { publish_at: "2100-01-01T00:00:00Z" }],
      ["GET", `/blog/posts/${id}/revisions`],
      ["GET", `/blog/posts/${id}/comments`],
      ["POST", `/blog/posts/${id}/comments`, { content: "Hello" }],
      ["POST", `/blog/comments/${comment.data.id}:moderate`, { status: "COMMENT_STATUS_APPROVED" }],
      ["DELETE", `/blog/posts/${id}`],
    ]);
    expect((await asAda("GET", "/blog/posts")).body.data.posts).toEqual([]);
    expect((await asEve("GET", `/blog/posts/${id}`)).body.data).toMatchObject({ title: "Ours alone" });
  });

  test("users", async () => {
    await notFound([
      ["GET", `/users/${eve.id}`],
      ["PUT", `/users/${eve.id}`, { first_name: "Mine" }],
      ["GET", `/users/${eve.id}/export`],
      ["GET", "/users:lookup?email=eve@example.com"],
      ["DELETE", `/users/${eve.id}`],
    ]);
    const listed = (await asAda("GET", "/users")).body.data.users.map(({ id }: { id: string }) => id);
    expect(listed).toContain(ada.id);
    expect(listed).not.toContain(eve.id);
    expect((await asEve("GET", "/users/me")).body.data).toMatchObject({ id: eve.id, tenant_id: "acme" });
  });

  test("roles, policies, and who has them", async () => {
    await asEve("POST", "/authz/roles", { name: "gardener", permissions: ["blog.post.read"] });
    const { body: policy } = await asEve("POST", "/authz/policies", {
      name: "ours",
      permission: "blog.post.read",
      effect: "POLICY_EFFECT_DENY",
      expression: "true",
    });
    await notFound([
      ["GET", "/authz/roles/gardener"],
      ["PUT", "/authz/roles/gardener", { description: "mine" }],
      ["POST", "/authz/roles/gardener/permissions", { permissions: ["blog.post.create"] }],
      ["DELETE", "/authz/roles/gardener"],
      ["GET", `/authz/policies/${policy.data.id}`],
      ["PUT", `/authz/policies/${policy.data.id}`, { enabled: false }],
      ["DELETE", `/authz/policies/${policy.data.id}`],
    ]);
    const roles = (await asAda("GET", `/authz/users/${eve.id}/roles`)).body.data.assignments.map(({ role }: { role: string }) => role);
    expect(roles).not.toContain("platform-admin");
    expect((await asEve("GET", "/authz/roles/gardener")).status).toBe(200);
    // The other tenant's policy denies nothing here.
    const { body } = await asAda("GET", `/authz/users/${ada.id}/permissions/blog.post.read`);
    expect(body.data.allowed).toBe(true);
  });

  test("sessions and tokens", async () => {
    const { body } = await asEve("GET", "/auth/sessions");
    const [session] = body.data.sessions;
    await notFound([["DELETE", `/auth/sessions/${session.id}`]]);
    expect((await asAda("GET", "/auth/sessions")).body.data.sessions.map(({ id }: { id: string }) => id)).not.toContain(session.id);
    for (const token of [eve.token, eve.refreshToken]) {
      expect((await asAda("POST", "/auth/introspect", { token })).body.data).toMatchObject({ active: false });
    }
    expect((await asEve("GET", "/auth/sessions")).status).toBe(200);
  });

  test("audit entries, and their proofs", async () => {
    const entryOf = async () =>
      (await asEve("GET", "/audit/entries")).body.data.entries.find(({ user_id }: { user_id: string }) => user_id === eve.id);
    const entry = await eventually(entryOf);
    await notFound([["GET", `/audit/entries/${entry.id}/proof`]]);
    const { body } = await asAda("GET", "/audit/entries?limit=100");
    expect(body.data.entries.length).toBeGreaterThan(0);
    expect(JSON.stringify(body)).not.toContain(eve.id);

    // An auditor reads what happened in the own tenant, and needs more for another's.
    const bob = await anAccount(platform, "bob@example.com", { headers: { "x-forwarded-for": freshAddress() } });
    await asAda("POST", `/authz/users/${bob.id}/roles`, { role: "auditor" });
    for (const path of ["entries?tenant_id=acme", "entries:export?tenant_id=acme", "checkpoint?tenant_id=acme", "entries?tenant_id=*"]) {
      const refused = await callApi(platform, "GET", `/audit/${path}`, { token: bob.token });
      expect({ path, refused: [403, 422].includes(refused.status) }).toEqual({ path, refused: true });
    }
  });

  test("deliveries and inboxes", async () => {
    const deliveriesOf = async () => (await asEve("GET", "/notification/deliveries")).body.data.deliveries[0];
    const delivery = await eventually(deliveriesOf);
    await notFound([
      ["GET", `/notification/deliveries/${delivery.id}`],
      ["POST", `/notification/deliveries/${delivery.id}:redeliver`, {}],
    ]);
    expect(JSON.stringify((await asAda("GET", "/notification/deliveries?page_size=100")).body)).not.toContain("eve@example.com");
  });
});

describe("accounts of one address in two tenants", () => {
  test("are two, with passwords of their own", async () => {
    const other = "another set of words";
    const registered = await callApi(platform, "POST", "/users/register", {
      body: { email: "ada@example.com", password: other },
      headers: ACME,
    });
    expect(registered.status).toBe(201);
    expect(registered.body.data.id).not.toBe(ada.id);
    const login = (password: string, headers: Record<string, string>) =>
      callApi(platform, "POST", "/auth/login", { body: { email: "ada@example.com", password }, headers });
    expect((await login(other, ACME)).body.data.user_id).toBe(registered.body.data.id);
    expect((await login(other, {})).status).toBe(401);
    expect((await login(PASSWORD, ACME)).status).toBe(401);
    expect((await login(PASSWORD, {})).body.data.user_id).toBe(ada.id);
  });

  test("a name that is no tenant's is refused", async () => {
    for (const name of ["*", "", "a b", "../acme", "acme'--", "%", "ACME"]) {
      const { status } = await callApi(platform, "POST", "/auth/login", {
        body: { email: "eve@example.com", password: PASSWORD },
        headers: { "x-tenant-id": name },
      });
      expect({ name, refused: status === 400 || status === 401 }).toEqual({ name, refused: true });
    }
  });
});

describe.each(MODULES)("the roles of %s in the database", (module) => {
  interface Table {
    readonly name: string;
    readonly kind: string;
    readonly isPartition: boolean;
  }

  /** Of the platform's one token: it names who claimed it, in whichever tenant, and belongs to none. */
  const OF_ALL_TENANTS = ["authz.bootstrap_claims"];

  /** Tables of the module that have a tenant's rows. */
  async function tables(): Promise<Table[]> {
    const { rows } = await database.query<Table>(
      `select format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind, c.relispartition as "isPartition" from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
       where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm') and format('%I.%I', n.nspname, c.relname) <> all ($2)`,
      [module, OF_ALL_TENANTS],
    );
    return rows;
  }

  /** Runs SQL as a role of the module, in a transaction that is rolled back. */
  async function as(role: string, tenant: string | undefined, sql: string): Promise<pg.QueryResult | "denied"> {
    await database.query("begin");
    try {
      await database.query(`set local role ${role}`);
      if (tenant !== undefined) await database.query("select set_config('plinth.tenant', $1, true)", [tenant]);
      return await database.query(sql);
    } catch (error) {
      const { code = "" } = error as { code?: string };
      // No right at all, or a row that the policy refuses.
      if (code === "42501") return "denied";
      throw error;
    } finally {
      await database.query("rollback");
    }
  }

  const countOf = (result: pg.QueryResult | "denied") => (result === "denied" ? 0 : Number(result.rows[0]?.count));

  test("see no row of another tenant, and none without a tenant", async () => {
    const found: unknown[] = [];
    let own = 0;
    for (const { name, isPartition } of await tables()) {
      // What runs has no right to a partition by its own name; the owner, who has, only migrates.
      for (const role of isPartition ? [module] : [module, `${module}_owner`]) {
        const none = countOf(await as(role, undefined, `select count(*) from ${name}`));
        const empty = countOf(await as(role, "", `select count(*) from ${name}`));
        const others = countOf(await as(role, "acme", `select count(*) from ${name} where tenant_id <> 'acme'`));
        if (none + empty + others > 0) found.push({ name, role, none, empty, others });
        own += countOf(await as(role, "acme", `select count(*) from ${name}`));
      }
    }
    expect(found).toEqual([]);
    // Else nothing would have been proved.
    expect(own).toBeGreaterThan(0);
  });

  test("can neither change nor remove another tenant's row, nor give it one", async () => {
    const done: unknown[] = [];
    for (const { name, kind } of await tables()) {
      if (kind === "v") continue;
      const moved = await as(module, "acme", `update ${name} set tenant_id = 'default'`);
      const taken = await as(module, "acme", `update ${name} set tenant_id = 'acme' where tenant_id <> 'acme'`);
      const removed = await as(module, "acme", `delete from ${name} where tenant_id <> 'acme'`);
      const counts = [moved, taken, removed].map((result) => (result === "denied" ? 0 : result.rowCount));
      if (counts.some((count) => count !== 0)) done.push({ name, counts });
    }
    expect(done).toEqual([]);
  });

  test("reach no other module's tables", async () => {
    for (const other of MODULES.filter((one) => one !== module)) {
      const { rows } = await database.query<{ name: string }>(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = $1",
        [other],
      );
      for (const { name } of rows)
        expect({ name, result: await as(module, "acme", `select 1 from ${name} limit 1`) }).toEqual({ name, result: "denied" });
    }
  });
});
