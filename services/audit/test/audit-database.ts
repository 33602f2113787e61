import { resolve } from "node:path";
import { loadMigrations, type OpenDatabase, openDatabase } from "@plinth/kernel/database";
import { silentLogger } from "@plinth/kernel/logging";
import { createTestDatabase } from "@plinth/kernel/testing";
import { Client } from "pg";
import type { Checkpoint } from "../src/domain/checkpoint.ts";
import type { NewEntry } from "../src/domain/entry.ts";
import { createCheckpointSigner, createKnownKeys } from "../src/domain/signing-key.ts";
import { Sealer } from "../src/sealing/sealer.ts";
import { PostgresRecordStore } from "../src/store/record-store.ts";
import { PostgresSealStore } from "../src/store/seal-store.ts";

/** The record's tables with nothing but its stores upon them, and whoever wants to tamper. */
export interface AuditDatabase {
  readonly records: PostgresRecordStore;
  readonly signer: ReturnType<typeof createCheckpointSigner>;
  /** In the module's own role. */
  readonly database: OpenDatabase;
  readonly adminUrl: string;
  /** A sealer with a pool of its own, as another process has. */
  openSealer(options?: { batchSize?: number; publish?: (checkpoint: Checkpoint) => Promise<void>; seed?: string }): Promise<Sealer>;
  /** As superuser, with triggers switched off. */
  tamper(sql: string, ...parameters: unknown[]): Promise<Record<string, unknown>[]>;
  /** One statement on a connection of its own; `role` is that of the running service, or of the migrations. */
  as(role: "service" | "owner", sql: string): Promise<unknown>;
  close(): Promise<void>;
}

export const SEED = Buffer.alloc(32, "audit seed").toString("base64url");

let counter = 0;

export function aRecord(tenantId: string, entry: Partial<NewEntry> = {}): NewEntry {
  return {
    id: `aud_${String(++counter).padStart(6, "0")}`,
    tenantId,
    userId: "user_1",
    action: "post.updated",
    resource: "post",
    resourceId: "post_1",
    outcome: "success",
    ipAddress: "192.0.2.1",
    userAgent: "test",
    metadata: { title: "A", 10: "ten", 9: "nine" },
    occurredAt: undefined,
    requestId: "",
    traceId: "",
    module: "blog",
    ...entry,
  };
}

export async function openAuditDatabase(): Promise<AuditDatabase> {
  const testDatabase = await createTestDatabase();
  const source = await loadMigrations("audit", resolve(import.meta.dirname, "../migrations"));
  const { url, ownerUrl, schema } = await testDatabase.provision("audit", [source]);
  const open = () => openDatabase({ url, schema, entities: [], logger: silentLogger });
  const database = await open();
  const admin = new Client({
    connectionString: testDatabase.adminUrl,
    options: "-c search_path=audit -c session_replication_role=replica",
  });
  await admin.connect();
  const pools: OpenDatabase[] = [database];
  const signer = createCheckpointSigner(SEED);
  return {
    records: new PostgresRecordStore(database),
    signer,
    database,
    adminUrl: testDatabase.adminUrl,
    async openSealer({ batchSize = 10, publish = async () => {}, seed = SEED } = {}) {
      const pool = await open();
      pools.push(pool);
      const own = createCheckpointSigner(seed);
      return new Sealer({
        store: new PostgresSealStore(pool, () => {}),
        publish,
        signer: own,
        keys: createKnownKeys([own.publicKey]),
        now: () => new Date(),
        everyMs: () => 1,
        batchSize: () => batchSize,
        logger: silentLogger,
      });
    },
    async tamper(sql, ...parameters) {
      return (await admin.query<Record<string, unknown>>(sql, parameters)).rows;
    },
    async as(role, sql) {
      const client = new Client({
        connectionString: role === "service" ? url : ownerUrl,
        options: "-c search_path=audit -c plinth.tenant=*",
      });
      await client.connect();
      try {
        return (await client.query(sql)).rowCount;
      } finally {
        await client.end();
      }
    },
    async close() {
      await admin.end();
      for (const pool of pools) await pool.close();
      await testDatabase.drop();
    },
  };
}
