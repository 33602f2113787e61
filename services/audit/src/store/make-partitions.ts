import { ALL_TENANTS, type Database } from "@plinth/kernel/database";

/** Makes the partitions of this month and of the `months` after it where they are not there yet. */
export async function makePartitions(database: Database, months: number): Promise<void> {
  await database.transaction((tx) => tx.query("select make_partitions($1)", [months]), { tenantId: ALL_TENANTS });
}
