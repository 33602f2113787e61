import type { MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    -- The declined try that this one takes the place of, <provider>/<its name there>; null where a version wrote it that did not know of it.
    alter table operations add column replaces text;
  `);
}
