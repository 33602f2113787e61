import type { MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    -- Keys are forgotten after a day.
    -- allow: index-blocks-writes, a million checkouts take about a second
    create index checkouts_keyed on checkouts (created_at) where key is not null;
  `);
}
