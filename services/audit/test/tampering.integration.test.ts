import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { silentLogger } from "@plinth/kernel/logging";
import { canonicalEntry } from "../src/domain/canonical-entry.ts";
import { hashOfNote, noteOf, signCheckpoint } from "../src/domain/checkpoint.ts";
import { leafHash, TreeEdge } from "../src/domain/merkle-tree.ts";
import type { Problem } from "../src/domain/problem.ts";
import { createCheckpointSigner } from "../src/domain/signing-key.ts";
import { publishToFile } from "../src/sealing/checkpoint-file.ts";
import type { Sealer } from "../src/sealing/sealer.ts";
import { TrailRows } from "../src/store/trail-rows.ts";
import { verifyTrail } from "../src/verify-trail.ts";
import { type AuditDatabase, aRecord, openAuditDatabase } from "./audit-database.ts";

let audit: AuditDatabase;
let sealer: Sealer;
let folder: string;
let file: string;

beforeAll(async () => {
  audit = await openAuditDatabase();
  folder = await mkdtemp(join(tmpdir(), "plinth-audit-"));
  file = join(folder, "made/checkpoints.ndjson");
  sealer = await audit.openSealer({ publish: publishToFile(file, silentLogger) });
});
afterAll(async () => {
  await audit.close();
  await rm(folder, { recursive: true, force: true });
});

/** 40 sealed entries in batches of 10: checkpoints of size 10, 20, 30, 40. */
let tenants = 0;
async function aTrail(size = 40): Promise<{ tenant: string; ids: string[] }> {
  const tenant = `tenant-${++tenants}`;
  const entries = Array.from({ length: size }, (_, index) => aRecord(tenant, { userId: `user_${index}` }));
  await audit.records.record(entries);
  await sealer.sealAll();
  return { tenant, ids: entries.map(({ id }) => id) };
}

async function problemsOf(tenant: string, checkpointFile?: string): Promise<readonly Problem[]> {
  const report = await verifyTrail({
    databaseUrl: audit.adminUrl,
    publicKeys: [audit.signer.publicKey],
    tenants: [tenant],
    checkpointFile,
  });
  expect(report.valid).toBe(report.tenants[0]?.problems.length === 0);
  return report.tenants[0]?.problems ?? [];
}
const kinds = (problems: readonly Problem[]) => problems.map(({ kind, sequence, entryId }) => ({ kind, sequence, entryId }));

test("an untouched trail holds, and so does the file of its checkpoints", async () => {
  const { tenant } = await aTrail();
  const report = await verifyTrail({
    databaseUrl: audit.adminUrl,
    publicKeys: [audit.signer.publicKey],
    tenants: [tenant],
    checkpointFile: file,
  });
  expect(report).toMatchObject({ valid: true, witnessed: true, unreadableLines: 0 });
  expect(report.tenants[0]).toMatchObject({ entriesChecked: 40, checkpointsChecked: 4, checkpoint: { size: 40 }, problems: [] });
});

describe("found and named:", () => {
  test.each([
    "user_id = 'user_x'",
    "outcome = 'denied'",
    "metadata = '{}'",
    "occurred_at = occurred_at + interval '1 microsecond'",
    "module = 'x'",
  ])("an edited entry, %s", async (change) => {
    const { tenant, ids } = await aTrail();
    await audit.tamper(`update entries set ${change} where tenant_id = $1 and id = $2`, tenant, ids[23]);
    expect(kinds(await problemsOf(tenant))).toEqual([{ kind: "entry-changed", sequence: 23, entryId: ids[23] }]);
  });

  test("an entry with another time of recording", async () => {
    const { tenant, ids } = await aTrail();
    await audit.tamper(
      "update entries set recorded_at = recorded_at + interval '1 second' where tenant_id = $1 and id = $2",
      tenant,
      ids[3],
    );
    expect(kinds(await problemsOf(tenant))).toEqual([{ kind: "entry-missing", sequence: 3, entryId: ids[3] }]);
  });

  test("a deleted entry, with its leaf and without", async () => {
    const { tenant, ids } = await aTrail();
    await audit.tamper("delete from entries where tenant_id = $1 and id = any($2)", tenant, [ids[5], ids[25]]);
    await audit.tamper("delete from leaves where tenant_id = $1 and sequence = 25", tenant);
    expect(kinds(await problemsOf(tenant)).slice(0, 2)).toEqual([
      { kind: "entry-missing", sequence: 5, entryId: ids[5] },
      { kind: "entry-missing", sequence: 25, entryId: "" },
    ]);
  });

  test("two entries that changed places", async () => {
    const { tenant, ids } = await aTrail();
    await audit.tamper("update leaves set sequence = 1000 where tenant_id = $1 and sequence = 11", tenant);
    await audit.tamper("update leaves set sequence = 11 where tenant_id = $1 and sequence = 12", tenant);
    await audit.tamper("update leaves set sequence = 12 where tenant_id = $1 and sequence = 1000", tenant);
    expect(kinds(await problemsOf(tenant))).toEqual([
      { kind: "entry-changed", sequence: 11, entryId: ids[12] },
      { kind: "entry-changed", sequence: 12, entryId: ids[11] },
    ]);
  });

  test("what two entries say, exchanged", async () => {
    const { tenant, ids } = await aTrail();
    await audit.tamper(
      `update entries e set user_id = o.user_id from entries o where e.tenant_id = $1 and o.tenant_id = $1
       and ((e.id = $2 and o.id = $3) or (e.id = $3 and o.id = $2))`,
      tenant,
      ids[7],
      ids[8],
    );
    expect(kinds(await problemsOf(tenant))).toMatchObject([
      { kind: "entry-changed", sequence: 7 },
      { kind: "entry-changed", sequence: 8 },
    ]);
  });

  test("an entry edited together with its leaf: by the part of the batch that the signature tells apart", async () => {
    const { tenant, ids } = await aTrail();
    await audit.tamper("update entries set user_id = 'user_x' where tenant_id = $1 and id = any($2)", tenant, [ids[22], ids[37]]);
    await rehash(tenant, { edges: false });
    expect(await problemsOf(tenant)).toMatchObject([
      { kind: "root-mismatch", sequence: 20, entryId: "", message: expect.stringContaining("sequences 20 to 23") },
      { kind: "root-mismatch", sequence: 32, entryId: "", message: expect.stringContaining("sequences 32 to 39") },
    ]);
  });

  test("the same where each entry was signed alone: by its name", async () => {
    const tenant = "alone";
    const alone = await audit.openSealer({ batchSize: 1 });
    await audit.records.record(Array.from({ length: 9 }, (_, index) => aRecord(tenant, { id: `alone-${index}` })));
    await alone.sealAll();
    await audit.tamper("update entries set user_id = 'user_x' where tenant_id = $1 and id = 'alone-6'", tenant);
    await rehash(tenant, { edges: false });
    expect(kinds(await problemsOf(tenant))).toEqual([{ kind: "root-mismatch", sequence: 6, entryId: "alone-6" }]);
  });

  test("the same with every other hash computed anew, too", async () => {
    const { tenant, ids } = await aTrail();
    await audit.tamper("update entries set user_id = 'user_x' where tenant_id = $1 and id = $2", tenant, ids[23]);
    await rehash(tenant, { edges: true });
    const [problem, ...others] = await problemsOf(tenant);
    expect(problem).toMatchObject({ kind: "root-mismatch", sequence: 20, message: expect.stringContaining("sequences 20 to 29") });
    expect(kinds(others)).toMatchObject([
      { kind: "node-changed", sequence: 30 },
      { kind: "node-changed", sequence: 40 },
    ]);
  });

  test("a leaf changed under an entry that is as it was", async () => {
    const { tenant, ids } = await aTrail();
    await audit.tamper("update leaves set hash = sha256('x') where tenant_id = $1 and sequence = 23", tenant);
    expect(kinds(await problemsOf(tenant))).toEqual([{ kind: "leaf-changed", sequence: 23, entryId: ids[23] }]);
  });

  test("a tree computed anew as a whole, signed by another key", async () => {
    const { tenant, ids } = await aTrail();
    await audit.tamper("update entries set user_id = 'user_x' where tenant_id = $1 and id = $2", tenant, ids[23]);
    await rehash(tenant, { edges: true });
    await resign(tenant, createCheckpointSigner(Buffer.alloc(32, "attacker").toString("base64url")));
    const problems = await problemsOf(tenant);
    expect(problems[0]).toMatchObject({
      kind: "signature-invalid",
      sequence: 10,
      message: expect.stringContaining("not among the trusted ones"),
    });
  });

  test("a checkpoint with the trusted key's name and a signature of nobody", async () => {
    const { tenant } = await aTrail();
    await audit.tamper("update checkpoints set signed_at = signed_at - interval '1 day' where tenant_id = $1 and tree_size = 20", tenant);
    expect(kinds(await problemsOf(tenant))).toEqual([{ kind: "signature-invalid", sequence: 20, entryId: "" }]);
  });

  test.each([10, 30])("a checkpoint deleted, of size %d", async (size) => {
    const { tenant } = await aTrail();
    await audit.tamper("delete from checkpoints where tenant_id = $1 and tree_size = $2", tenant, size);
    expect(kinds(await problemsOf(tenant))).toEqual([{ kind: "checkpoint-missing", sequence: size + 10, entryId: "" }]);
  });

  test("the newest checkpoint deleted, and its entries left", async () => {
    const { tenant } = await aTrail();
    await audit.tamper("delete from checkpoints where tenant_id = $1 and tree_size = 40", tenant);
    const problems = await problemsOf(tenant);
    expect(problems[0]).toMatchObject({ kind: "checkpoint-missing", sequence: 30, message: expect.stringContaining("Sequences 30 to 39") });
  });

  test("the newest entries deleted with everything that knows of them: by the file alone", async () => {
    const { tenant } = await aTrail();
    await audit.tamper(
      "delete from entries where tenant_id = $1 and id in (select entry_id from leaves where tenant_id = $1 and sequence >= 30)",
      tenant,
    );
    await audit.tamper(
      "delete from entry_ids where tenant_id = $1 and id in (select entry_id from leaves where tenant_id = $1 and sequence >= 30)",
      tenant,
    );
    await audit.tamper("delete from leaves where tenant_id = $1 and sequence >= 30", tenant);
    await audit.tamper("delete from checkpoints where tenant_id = $1 and tree_size > 30", tenant);
    expect(await problemsOf(tenant)).toEqual([]);
    expect(await problemsOf(tenant, file)).toMatchObject([
      { kind: "checkpoint-missing", sequence: 30, message: expect.stringContaining("once had 40 entries") },
    ]);
  });

  test("a tenant wiped out, and begun anew by the service itself", async () => {
    const { tenant } = await aTrail();
    for (const table of ["entries", "entry_ids", "leaves", "nodes", "checkpoints"])
      await audit.tamper(`delete from ${table} where tenant_id = $1`, tenant);
    const all = await verifyTrail({ databaseUrl: audit.adminUrl, publicKeys: [audit.signer.publicKey], checkpointFile: file });
    expect(all.tenants.find(({ tenantId }) => tenantId === tenant)?.problems[0]).toMatchObject({ kind: "checkpoint-missing", sequence: 0 });
    await audit.records.record(Array.from({ length: 50 }, () => aRecord(tenant)));
    const elsewhere = await audit.openSealer();
    await elsewhere.sealAll();
    expect(await problemsOf(tenant)).toEqual([]);
    expect((await problemsOf(tenant, file))[0]).toMatchObject({ kind: "checkpoint-missing", sequence: 10 });
  });

  test("an entry put in by hand", async () => {
    const { tenant, ids } = await aTrail();
    await audit.tamper(
      `insert into entries select tenant_id, 'aud_forged', recorded_at, occurred_at, user_id, action, resource, resource_id, outcome, module, ip_address,
       user_agent, request_id, trace_id, metadata from entries where tenant_id = $1 and id = $2`,
      tenant,
      ids[0],
    );
    expect(kinds(await problemsOf(tenant))).toEqual([{ kind: "entry-unsealed", sequence: -1, entryId: "aud_forged" }]);
  });

  test("an entry kept out of the tree, and one deleted before it was sealed", async () => {
    const { tenant } = await aTrail();
    await audit.records.record([aRecord(tenant, { id: "hidden" }), aRecord(tenant, { id: "deleted" })]);
    expect(await problemsOf(tenant)).toEqual([]);
    await audit.tamper("delete from unsealed where tenant_id = $1 and id = 'hidden'", tenant);
    await audit.tamper("delete from entries where tenant_id = $1 and id = 'deleted'", tenant);
    await sealer.sealAll();
    expect(kinds(await problemsOf(tenant))).toEqual([
      { kind: "entry-unsealed", sequence: -1, entryId: "hidden" },
      { kind: "entry-missing", sequence: -1, entryId: "deleted" },
    ]);
  });

  test("a hash inside the tree, on which proofs rest", async () => {
    const { tenant } = await aTrail(520);
    await audit.tamper("update nodes set hash = sha256('x') where tenant_id = $1 and level = 8 and position = 1", tenant);
    expect(kinds(await problemsOf(tenant))).toEqual([{ kind: "node-changed", sequence: 256, entryId: "" }]);
  });

  test("several at once: the first comes first", async () => {
    const { tenant, ids } = await aTrail();
    await audit.tamper("update entries set action = 'x' where tenant_id = $1 and id = any($2)", tenant, [ids[38], ids[1]]);
    await audit.tamper("delete from checkpoints where tenant_id = $1 and tree_size = 20", tenant);
    expect(kinds(await problemsOf(tenant))).toEqual([
      { kind: "entry-changed", sequence: 1, entryId: ids[1] },
      { kind: "checkpoint-missing", sequence: 30, entryId: "" },
      { kind: "entry-changed", sequence: 38, entryId: ids[38] },
    ]);
  });
});

test("a wrong line of the file is found too", async () => {
  const { tenant } = await aTrail(10);
  const forged = createCheckpointSigner(Buffer.alloc(32, "attacker").toString("base64url"));
  const statement = {
    tenantId: tenant,
    size: 12,
    root: Buffer.alloc(32),
    signedAt: "2026-01-01T00:00:00.000000Z",
    previous: Buffer.alloc(32),
  };
  const other = join(folder, "other.ndjson");
  await publishToFile(other, silentLogger)(signCheckpoint(statement, forged));
  expect(kinds(await problemsOf(tenant, other))).toEqual([{ kind: "signature-invalid", sequence: 12, entryId: "" }]);
});

test("nothing is sealed on top of a tree that is not the signed one", async () => {
  const { tenant } = await aTrail();
  await audit.tamper("update checkpoints set edge = sha256('x') || sha256('y') where tenant_id = $1 and tree_size = 40", tenant);
  await audit.records.record([aRecord(tenant)]);
  await sealer.sealAll();
  expect(() => sealer.check()).toThrow(/edge that is not its own/);
  expect(await audit.tamper("select 1 from leaves where tenant_id = $1 and sequence = 40", tenant)).toEqual([]);
  await audit.tamper("delete from unsealed where tenant_id = $1", tenant);
});

/** What somebody with all rights over the database would do to cover up: every leaf, node and edge computed anew. */
async function rehash(tenant: string, { edges }: { edges: boolean }): Promise<void> {
  const edge = new TreeEdge();
  for await (const { sequence, entry } of trail().leaves(tenant, Number.MAX_SAFE_INTEGER)) {
    if (entry === undefined) throw new Error("no entry");
    const hash = leafHash(canonicalEntry(entry, sequence));
    edge.append(hash);
    await audit.tamper("update leaves set hash = $3 where tenant_id = $1 and sequence = $2", tenant, sequence, hash);
    if (edges)
      await audit.tamper("update checkpoints set edge = $3 where tenant_id = $1 and tree_size = $2", tenant, edge.size, edge.encode());
  }
}

async function resign(tenant: string, signer: ReturnType<typeof createCheckpointSigner>): Promise<void> {
  let previous: Buffer = Buffer.alloc(32);
  for await (const { edge, ...checkpoint } of trail().checkpoints(tenant, Number.MAX_SAFE_INTEGER)) {
    const root = TreeEdge.decode(checkpoint.size, edge)?.root() ?? Buffer.alloc(32);
    const signed = signCheckpoint({ ...checkpoint, root, previous }, signer);
    previous = hashOfNote(noteOf(signed));
    await audit.tamper(
      "update checkpoints set root = $3, previous = $4, key_id = $5, signature = $6 where tenant_id = $1 and tree_size = $2",
      tenant,
      signed.size,
      root,
      signed.previous,
      signed.keyId,
      signed.signature,
    );
  }
}

function trail(): TrailRows {
  return new TrailRows(
    async <Row>(_tenant: string, sql: string, parameters: readonly unknown[]) => (await audit.tamper(sql, ...parameters)) as Row[],
  );
}
