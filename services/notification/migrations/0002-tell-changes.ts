import { type MigrationTransaction, tellChangesSql } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(tellChangesSql("templates"));
}
