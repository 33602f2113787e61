import type { MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    -- Given back once, and came back; null where a version wrote it that did not know of it.
    alter table orders add column sent_back bigint;
    alter table refunds drop constraint refunds_status_check;
    alter table refunds add constraint refunds_status_known check (status in ('pending', 'done', 'failed', 'sent-back')) not valid;
  `);
}
