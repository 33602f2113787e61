import type { Database } from "@plinth/kernel/database";
import type { AccessReader, AccessSnapshot } from "../domain/access-store.ts";
import { listAssignments } from "./assignment-store.ts";
import { PolicyEntity } from "./entities.ts";
import { ROLES_SQL, type RoleRow, roleOf } from "./role-rows.ts";
import { readVersion } from "./tenant-writes.ts";

/** Reads what decisions rest on. */
export class PostgresAccessReader implements AccessReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  readAccess(tenantId: string, userId: string, withRules: boolean): Promise<AccessSnapshot> {
    // Not `read`: a replica that lags behind would bring back a right that has just been taken.
    return this.#database.transaction(
      async (tx) => {
        const version = await readVersion(tx);
        const assignments = await listAssignments(tx, userId);
        if (!withRules) return { version, assignments };
        const roles = (await tx.query<RoleRow>(`${ROLES_SQL} order by name`, [tenantId])).map(roleOf);
        const policies = await tx.manager.find(PolicyEntity, { where: { tenantId }, order: { name: "ASC" } });
        return { version, assignments, rules: { roles, policies } };
      },
      { tenantId, isolation: "repeatable read" },
    );
  }
}
