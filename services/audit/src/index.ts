import { parseDuration } from "@plinth/kernel/base";
import { defineService } from "@plinth/kernel/service";
import { AuditService } from "@plinth/proto/audit/v1/audit_pb";
import { AuditRecordedSchema } from "@plinth/proto/audit/v1/events_pb";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import type { AuditConfig } from "./config.ts";
import { createCheckpointSigner, createKnownKeys } from "./domain/signing-key.ts";
import { entryHandlers } from "./rpc/entry-handlers.ts";
import { readTenant } from "./rpc/read-tenant.ts";
import { treeHandlers } from "./rpc/tree-handlers.ts";
import { checkpointFileIn, publishToFile, readCheckpointFile } from "./sealing/checkpoint-file.ts";
import { Sealer } from "./sealing/sealer.ts";
import { insertEntries } from "./store/insert-entries.ts";
import { makePartitions } from "./store/make-partitions.ts";
import { PostgresRecordStore } from "./store/record-store.ts";
import { PostgresSealStore } from "./store/seal-store.ts";
import { PostgresTreeStore } from "./store/tree-store.ts";
import { onAuditRecorded } from "./subscribers/on-audit-recorded.ts";

/** The record is read long after; what one order leaves behind in many modules is stored in one go. */
const GATHER_MS = 250;

export default defineService<AuditConfig>(import.meta.url, (service) => {
  const { database, logger, config } = service;
  const { signingKey = "", formerKeys = [], checkpointFolder } = config.value;
  const signer = createCheckpointSigner(signingKey);
  const keys = createKnownKeys([signer.publicKey, ...formerKeys.map((key) => Buffer.from(key, "base64"))]);
  const file = checkpointFolder === undefined ? undefined : checkpointFileIn(checkpointFolder);
  const records = new PostgresRecordStore(database);
  const tree = new PostgresTreeStore(database);
  const authz = service.client("authz", AuthzService);

  /** Who reads much, or what is another's, is on record too: in the own tenant. */
  const noteReading = (action: string, resourceId: string, metadata: Record<string, string>): Promise<void> =>
    database.transaction((tx) => service.audit(tx, { action, resource: "audit", resourceId, outcome: "success", metadata }));
  const tenantOf = readTenant(
    async (userId, permission) => (await authz.hasPermission({ userId, permission })).allowed,
    (tenant) => noteReading("audit.tenant.read", tenant, {}),
  );
  const witnesses = async () => (file === undefined ? undefined : readCheckpointFile(file));
  service.rpc(AuditService, {
    ...entryHandlers(records, tenantOf, (tenant, format) => noteReading("audit.entry.export", tenant, { format })),
    ...treeHandlers({ tree, trail: tree.trail, keys, witnesses, tenantOf }),
  });
  service.subscribeTogether(AuditRecordedSchema, onAuditRecorded(insertEntries), { gatherMs: GATHER_MS });

  const partition = () => makePartitions(database, config.value.partitionsAhead);
  service.onStart("partitions", partition);
  service.cron("make-partitions", "13 2 * * *", partition);

  const sealer = new Sealer({
    store: new PostgresSealStore(database, (tenant, entry) => logger.error("An entry is gone before it was sealed", { tenant, entry })),
    publish: file === undefined ? async () => {} : publishToFile(file, logger),
    signer,
    keys,
    now: () => new Date(),
    everyMs: () => parseDuration(config.value.sealEvery),
    batchSize: () => config.value.batchSize,
    logger,
  });
  service.health.addCheck("sealing", { hard: false, check: () => sealer.check() });
  service.onStart("sealer", () => sealer.start());
  service.onStop("sealer", () => sealer.stop());
});
