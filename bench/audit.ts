/**
 * The audit record: from the bus into the sealed tree, through the service's own consumer and sealer, all durable. The events lie on the bus when the
 * clock starts. The service is this process; Postgres has its own. `node bench/audit.ts`
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { loadMigrations, migrate, type OpenDatabase, openDatabase, provisionModule } from "@plinth/kernel/database";
import { startEmbeddedPostgres } from "@plinth/kernel/embedded";
import { createConsumer, createPostgresBus, createPublisher, eventMigrations, provisionBus, startRelay } from "@plinth/kernel/events";
import { silentLogger as logger } from "@plinth/kernel/logging";
import { Outcome } from "@plinth/proto/audit/v1/audit_pb";
import { AuditRecordedSchema } from "@plinth/proto/audit/v1/events_pb";
import { inclusionProof } from "../services/audit/src/domain/merkle-proof.ts";
import { createCheckpointSigner, createKnownKeys } from "../services/audit/src/domain/signing-key.ts";
import { Sealer } from "../services/audit/src/sealing/sealer.ts";
import { insertEntries } from "../services/audit/src/store/insert-entries.ts";
import { PostgresRecordStore } from "../services/audit/src/store/record-store.ts";
import { PostgresSealStore } from "../services/audit/src/store/seal-store.ts";
import { PostgresTreeStore } from "../services/audit/src/store/tree-store.ts";
import { onAuditRecorded } from "../services/audit/src/subscribers/on-audit-recorded.ts";
import { verifyTrail } from "../services/audit/src/verify-trail.ts";
import { RUNS } from "./measure/options.ts";
import { milliseconds, report, table, whole } from "./measure/report.ts";

const EVENTS = 20_000;
const PUBLISHERS = 4;
const PER_TRANSACTION = 50;
const TYPES = new Set(["platform.audit.recorded"]);
const TENANT = "default";
/** As module.yaml has them. */
const SEAL_EVERY_MS = 500;
const BATCH_SIZE = 500;
const PROOFS = 200;

const folder = await mkdtemp(join(tmpdir(), "plinth-bench-"));
const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, "postgres") });
try {
  const audit = await provisionModule(postgres.adminUrl, { module: "audit" });
  const blog = await provisionModule(postgres.adminUrl, { module: "blog" });
  const own = await loadMigrations("audit", resolve(import.meta.dirname, "../services/audit/migrations"));
  await migrate({ url: audit.ownerUrl, schema: audit.schema, sources: [eventMigrations, own], logger });
  await migrate({ url: blog.ownerUrl, schema: blog.schema, sources: [eventMigrations], logger });
  await provisionBus(postgres.adminUrl, { members: ["audit", "blog"], logger });
  const database = await openDatabase({ url: audit.url, schema: audit.schema, entities: [], logger });
  const blogDatabase = await openDatabase({ url: blog.url, schema: blog.schema, entities: [], logger });
  const signer = createCheckpointSigner(Buffer.alloc(32, "bench").toString("base64url"));
  const sealer = new Sealer({
    store: new PostgresSealStore(database, () => {}),
    publish: async () => {},
    signer,
    keys: createKnownKeys([signer.publicKey]),
    now: () => new Date(),
    everyMs: () => SEAL_EVERY_MS,
    batchSize: () => BATCH_SIZE,
    logger,
  });
  sealer.start();

  const stored: number[] = [];
  const sealed: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    await publishAll(blogDatabase, blog, run);
    const { storedIn, sealedIn } = await consumeAll(database, audit.url, (run + 1) * EVENTS);
    // The first one only warms up.
    if (run > 0) {
      stored.push(EVENTS / storedIn);
      sealed.push(EVENTS / sealedIn);
    }
  }
  const direct: number[] = [];
  const records = new PostgresRecordStore(database);
  for (let run = 0; run < RUNS; run++) direct.push(await recordBatches(records, run));
  while ((await counts(database)).waiting > 0) await delay(50);
  await sealer.stop();

  const proof = await proofLatency(new PostgresTreeStore(database));
  const startedAt = performance.now();
  const verified = await verifyTrail({ databaseUrl: postgres.adminUrl, publicKeys: [signer.publicKey] });
  if (!verified.valid) throw new Error(`The record does not hold: ${verified.tenants[0]?.problems[0]?.message}`);
  const entries = verified.tenants[0]?.entriesChecked ?? 0;
  const verifiedPerSecond = entries / ((performance.now() - startedAt) / 1_000);

  const rows = [
    ["bus → stored, by the consumer, sealing beside it", `${whole(median(stored))} entries/s`, range(stored)],
    ["bus → in the signed tree", `${whole(median(sealed))} entries/s`, range(sealed)],
    ["RecordBatch of 500 → stored, by the store", `${whole(median(direct))} entries/s`, range(direct)],
    [
      `inclusion proof from ${whole(entries)} entries`,
      `${milliseconds(median(proof))} ms`,
      `p99 ${milliseconds(quantile(proof, 0.99))} ms`,
    ],
    ["offline verification", `${whole(verifiedPerSecond)} entries/s`, `${whole(entries)} entries`],
  ];
  await report("audit", table(["measure", "median", "range"], rows), { timed: false });
  await database.close();
  await blogDatabase.close();
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Puts the events on the bus. */
async function publishAll(source: OpenDatabase, blog: { url: string; schema: string }, run: number): Promise<void> {
  const bus = await createPostgresBus({ url: blog.url, name: "blog", topics: [], sharesDatabase: true, logger });
  const relay = await startRelay({ module: "blog", url: blog.url, schema: blog.schema, bus, logger });
  const publisher = createPublisher({ module: "blog", types: TYPES });
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < EVENTS) {
      const from = next;
      next += PER_TRANSACTION;
      await source.transaction(async (tx) => {
        for (let index = from; index < from + PER_TRANSACTION; index++) {
          await publisher.publish(tx, AuditRecordedSchema, { entryId: `aud_${run}_${index}`, entry: anEntry(index) });
        }
      });
    }
  };
  await Promise.all(Array.from({ length: PUBLISHERS }, work));
  for (;;) {
    const [row] = await source.read((tx) => tx.query<{ count: number }>("select count(*)::int as count from outbox"), { tenantId: "*" });
    if (row?.count === 0) break;
    await delay(50);
  }
  await relay.close();
  await bus.close();
}

async function consumeAll(database: OpenDatabase, url: string, total: number): Promise<{ storedIn: number; sealedIn: number }> {
  const bus = await createPostgresBus({ url, name: "audit", topics: [], sharesDatabase: true, logger });
  const consumer = createConsumer({ module: "audit", types: TYPES, bus, database, logger, retentionMs: 604_800_000 });
  consumer.subscribeTogether(AuditRecordedSchema, onAuditRecorded(insertEntries), { gatherMs: 250 });
  const startedAt = performance.now();
  await consumer.start();
  let storedIn: number | undefined;
  for (;;) {
    const { entries, leaves } = await counts(database);
    const seconds = (performance.now() - startedAt) / 1_000;
    if (entries >= total) storedIn ??= seconds;
    if (leaves >= total && storedIn !== undefined) {
      await consumer.close();
      await bus.close();
      return { storedIn, sealedIn: seconds };
    }
    await delay(20);
  }
}

/** From what is small to read, so that asking does not disturb the measurement. */
async function counts(database: OpenDatabase): Promise<{ entries: number; leaves: number; waiting: number }> {
  const sql = `select (select coalesce(max(tree_size), 0)::int from checkpoints where tenant_id = $1) as leaves,
    (select count(*)::int from unsealed where tenant_id = $1) as waiting`;
  const [row] = await database.read((tx) => tx.query<{ leaves: number; waiting: number }>(sql, [TENANT]));
  const { leaves = 0, waiting = 0 } = row ?? {};
  return { leaves, waiting, entries: leaves + waiting };
}

async function recordBatches(records: PostgresRecordStore, run: number): Promise<number> {
  const startedAt = performance.now();
  for (let batch = 0; batch < EVENTS / 500; batch++) {
    const entries = Array.from({ length: 500 }, (_, index) => {
      const { timestamp, outcome, ...same } = anEntry(index);
      return { ...same, id: `rec_${run}_${batch}_${index}`, tenantId: TENANT, outcome: "success" as const, occurredAt: undefined };
    });
    await records.record(entries);
  }
  return EVENTS / ((performance.now() - startedAt) / 1_000);
}

async function proofLatency(tree: PostgresTreeStore): Promise<number[]> {
  const checkpoint = await tree.findCheckpoint(TENANT, 0);
  const size = checkpoint?.size ?? 0;
  const times: number[] = [];
  for (let index = 0; index < PROOFS; index++) {
    const startedAt = performance.now();
    await inclusionProof(Math.floor((size * index) / PROOFS), size, tree.subtrees(TENANT));
    times.push(performance.now() - startedAt);
  }
  return times;
}

function anEntry(index: number) {
  return {
    userId: `user_${index % 1_000}`,
    action: "post.updated",
    resource: "post",
    resourceId: `post_${index}`,
    outcome: Outcome.SUCCESS,
    ipAddress: "192.0.2.1",
    userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    metadata: { title: "A title of some length", revision: String(index) },
    timestamp: { seconds: BigInt(Math.floor(Date.now() / 1_000)), nanos: 0 },
    requestId: `0b7e1c8a-6c1d-4e0e-9d65-${String(index).padStart(12, "0")}`,
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    tenantId: TENANT,
    module: "blog",
  };
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function range(values: readonly number[]): string {
  return `${whole(Math.min(...values))} – ${whole(Math.max(...values))}`;
}
