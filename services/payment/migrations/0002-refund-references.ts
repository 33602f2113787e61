import type { MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    -- What its maker calls a refund; null where a version wrote it that did not know of it.
    alter table operations add column refund_reference text;
    alter table refunds add column reference text;
  `);
}
