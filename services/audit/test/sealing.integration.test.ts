import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import type { Checkpoint } from "../src/domain/checkpoint.ts";
import { insertEntries } from "../src/store/insert-entries.ts";
import { verifyTrail } from "../src/verify-trail.ts";
import { type AuditDatabase, aRecord, openAuditDatabase, SEED } from "./audit-database.ts";

let audit: AuditDatabase;

beforeAll(async () => {
  audit = await openAuditDatabase();
});
afterAll(() => audit.close());

const verify = (...tenants: string[]) => verifyTrail({ databaseUrl: audit.adminUrl, publicKeys: [audit.signer.publicKey], tenants });

test("three sealers and four recorders at once: no gap, nothing twice, one chain for each tenant", async () => {
  const published: Checkpoint[] = [];
  const publish = async (checkpoint: Checkpoint): Promise<void> => {
    published.push(checkpoint);
  };
  const sealers = await Promise.all([1, 2, 3].map((n) => audit.openSealer({ batchSize: 10 * n, publish })));
  for (const sealer of sealers) sealer.start();
  const recordSome = async (writer: number): Promise<void> => {
    for (let round = 0; round < 40; round++) {
      const tenantId = `busy-${round % 2}`;
      // Half of the ids come from two recorders.
      await audit.records.record(Array.from({ length: 5 }, (_, index) => aRecord(tenantId, { id: `${writer % 2}-${round}-${index}` })));
    }
  };
  await Promise.all([0, 1, 2, 3].map(recordSome));
  await eventually(async () => (await audit.tamper("select from unsealed limit 1")).length === 0);
  for (const sealer of sealers) await sealer.stop();

  const report = await verify("busy-0", "busy-1");
  expect(report.valid).toBe(true);
  expect(report.tenants.map(({ entriesChecked, checkpoint }) => [entriesChecked, checkpoint?.size])).toEqual([
    [200, 200],
    [200, 200],
  ]);
  const rows = await audit.tamper(
    "select tenant_id, count(*)::int as leaves, max(sequence)::int as last from leaves group by 1 order by 1",
  );
  expect(rows).toEqual([
    { tenant_id: "busy-0", leaves: 200, last: 199 },
    { tenant_id: "busy-1", leaves: 200, last: 199 },
  ]);
  const sizes = published.map(({ tenantId, size }) => `${tenantId}/${size}`);
  expect(new Set(sizes).size).toBe(sizes.length);
});

test("an entry whose transaction is long open comes when it comes, and holds up nobody", async () => {
  const sealer = await audit.openSealer();
  const opened = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const slow = audit.database.transaction(
    async (tx) => {
      await tx.query("select record_entries($1)", [JSON.stringify([rowOf("slow")])]);
      opened.resolve();
      await goOn.promise;
    },
    { tenantId: "open" },
  );
  await opened.promise;
  await audit.records.record([aRecord("open", { id: "quick" })]);
  await sealer.sealAll();
  goOn.resolve();
  await slow;
  await sealer.sealAll();
  const order = await audit.tamper("select entry_id from leaves where tenant_id = 'open' order by sequence");
  expect(order).toEqual([{ entry_id: "quick" }, { entry_id: "slow" }]);
  expect((await verify("open")).valid).toBe(true);
});

test("a tenant that another process seals is left alone, and nobody waits for it", async () => {
  await audit.records.record([aRecord("held"), aRecord("free")]);
  const sealer = await audit.openSealer();
  const locked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const other = audit.database.transaction(async (tx) => {
    await tx.query("select pg_advisory_xact_lock(hashtext('plinth.audit seal'), hashtext('held'))");
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  await sealer.sealAll();
  expect(await sealedTenants()).toEqual(["free"]);
  release.resolve();
  await other;
  await sealer.sealAll();
  expect(await sealedTenants()).toEqual(["free", "held"]);
});

async function sealedTenants(): Promise<unknown[]> {
  const rows = await audit.tamper("select distinct tenant_id from checkpoints where tenant_id in ('held', 'free') order by 1");
  return rows.map((row) => row.tenant_id);
}

test("an event's entry for another tenant is stored there, and the transaction stays in its own", async () => {
  const visible = await audit.database.transaction(
    async (tx) => {
      await insertEntries(tx, [aRecord("there")]);
      await insertEntries(tx, [aRecord("here")]);
      return tx.query("select tenant_id from entries where tenant_id in ('here', 'there')");
    },
    { tenantId: "here" },
  );
  expect(visible).toEqual([{ tenant_id: "here" }]);
  expect(await audit.tamper("select tenant_id from entries where tenant_id in ('here', 'there') order by 1")).toEqual([
    { tenant_id: "here" },
    { tenant_id: "there" },
  ]);
});

test("a sealer with another key adds nothing until it knows the one before", async () => {
  await audit.records.record([aRecord("rotated")]);
  await (await audit.openSealer()).sealAll();
  await audit.records.record([aRecord("rotated")]);
  const stranger = await audit.openSealer({ seed: Buffer.alloc(32, "new").toString("base64url") });
  await stranger.sealAll();
  expect(() => stranger.check()).toThrow(/formerKeys/);
  const old = await audit.openSealer({ seed: SEED });
  await old.sealAll();
  expect(() => old.check()).not.toThrow();
  expect((await verify("rotated")).tenants[0]?.checkpoint?.size).toBe(2);
});

function rowOf(id: string): Record<string, unknown> {
  const { userId, resourceId, ipAddress, userAgent, requestId, traceId, ...same } = aRecord("open", { id });
  return {
    ...same,
    tenant_id: "open",
    user_id: userId,
    resource_id: resourceId,
    ip_address: ipAddress,
    user_agent: userAgent,
    request_id: requestId,
    trace_id: traceId,
  };
}
