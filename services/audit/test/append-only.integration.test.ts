import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ALL_TENANTS } from "@plinth/kernel/database";
import { makePartitions } from "../src/store/make-partitions.ts";
import { type AuditDatabase, aRecord, openAuditDatabase } from "./audit-database.ts";

let audit: AuditDatabase;

beforeAll(async () => {
  audit = await openAuditDatabase();
  await audit.records.record(Array.from({ length: 300 }, () => aRecord("default")));
  await (await audit.openSealer({ batchSize: 300 })).sealAll();
  // So that a delete from it would hit something.
  await audit.records.record([aRecord("default")]);
});
afterAll(() => audit.close());

const KEPT = ["entries", "entry_ids", "leaves", "nodes", "checkpoints"];
const CHANGES = KEPT.flatMap((table) => [`update ${table} set tenant_id = 'x'`, `delete from ${table}`, `truncate ${table}`]);
const month = () => `entries_${new Date().toISOString().slice(0, 7).replace("-", "_")}`;

describe("append-only", () => {
  test.each(CHANGES)("%s is refused to the service and to the owner", async (sql) => {
    await expect(audit.as("service", sql)).rejects.toMatchObject({ code: "42501", message: expect.stringContaining("permission denied") });
    await expect(audit.as("owner", sql)).rejects.toMatchObject({ code: "42501", message: expect.stringContaining("append-only") });
  });

  test("partitions cannot be reached by the service, nor changed by the owner", async () => {
    for (const table of [month(), "entries_default"]) {
      await expect(audit.as("service", `select 1 from ${table}`)).rejects.toMatchObject({ code: "42501" });
      await expect(audit.as("service", `insert into ${table} select * from entries limit 1`)).rejects.toMatchObject({ code: "42501" });
      await expect(audit.as("owner", `truncate ${table}`)).rejects.toThrow(/append-only/);
    }
    await expect(audit.as("owner", `delete from ${month()}`)).rejects.toThrow(/append-only/);
    await expect(audit.as("owner", `update ${month()} set action = 'x'`)).rejects.toThrow(/append-only/);
  });

  test.each(["alter table entries disable trigger all", "drop table entries", "drop trigger append_only on leaves", "create table x ()"])(
    "%s is not the service's to do",
    async (sql) => {
      await expect(audit.as("service", sql)).rejects.toMatchObject({ code: "42501" });
    },
  );

  test("nothing of all that has changed a row", async () => {
    expect(await audit.tamper("select count(*)::int as entries from entries where tenant_id = 'default'")).toEqual([{ entries: 301 }]);
  });
});

describe("tenants", () => {
  test("see their own rows only, in every table", async () => {
    for (const table of [...KEPT, "unsealed"]) {
      const count = (tenantId: string) =>
        audit.database.read((tx) => tx.query<{ count: number }>(`select count(*)::int as count from ${table}`), { tenantId });
      expect([table, (await count("default"))[0]?.count]).not.toEqual([table, 0]);
      expect([table, (await count("stranger"))[0]?.count]).toEqual([table, 0]);
    }
  });

  test("cannot record in another's name", async () => {
    const forged = JSON.stringify([
      { ...Object.fromEntries(COLUMNS.map((column) => [column, "x"])), tenant_id: "default", outcome: "success", metadata: {} },
    ]);
    const record = audit.database.transaction((tx) => tx.query("select record_entries($1)", [forged]), { tenantId: "stranger" });
    await expect(record).rejects.toMatchObject({ code: "42501", message: expect.stringContaining("row-level security") });
  });
});

const COLUMNS = ["id", "user_id", "action", "resource", "resource_id", "module", "ip_address", "user_agent", "request_id", "trace_id"];

describe("partitions", () => {
  const names = async () =>
    (await audit.tamper("select inhrelid::regclass::text as name from pg_inherits where inhparent = 'entries'::regclass order by 1")).map(
      ({ name }) => name,
    );

  test("are made ahead, once, also when several ask at once", async () => {
    await Promise.all(Array.from({ length: 4 }, () => makePartitions(audit.database, 6)));
    expect(await names()).toHaveLength(6 + 1 + 1);
    await makePartitions(audit.database, 2);
    expect(await names()).toHaveLength(6 + 1 + 1);
    // A new partition has the triggers and the grants of the old ones.
    const [last = ""] = (await names()).slice(-1).map(String);
    await expect(audit.as("owner", `truncate ${last}`)).rejects.toThrow(/append-only/);
    await expect(audit.as("service", `select 1 from ${last}`)).rejects.toMatchObject({ code: "42501" });
  });

  test("an entry of a month without one is kept all the same", async () => {
    await audit.tamper("alter table entries detach partition entries_default");
    await audit.tamper("alter table entries attach partition entries_default default");
    const row =
      "select tenant_id, 'late', '2001-01-01', occurred_at, user_id, action, resource, resource_id, outcome, module, ip_address, user_agent";
    await audit.tamper(`insert into entries ${row}, request_id, trace_id, metadata from entries where tenant_id = 'default' limit 1`);
    const page = await audit.database.read((tx) => tx.query("select tableoid::regclass::text as part from entries where id = 'late'"), {
      tenantId: ALL_TENANTS,
    });
    expect(page).toEqual([{ part: "entries_default" }]);
  });
});
