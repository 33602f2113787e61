import { ALL_TENANTS, type Database, type Transaction } from "@plinth/kernel/database";
import type { AssignmentStore, BootstrapStore, Written } from "../domain/access-store.ts";
import type { Assignment, AssignmentState } from "../domain/assignment.ts";
import { PLATFORM_ADMIN, USER_ROLE } from "../domain/role.ts";
import type { SetVersion } from "../domain/set-version.ts";
import type { AccessEvents } from "./access-events.ts";
import { AssignmentEntity, type AssignmentRow } from "./entities.ts";
import { recordingRefusals } from "./refusals.ts";
import { findRole, listHeldRoles } from "./role-rows.ts";
import type { Change, TenantWrites } from "./tenant-writes.ts";

/** Expired assignments removed in one transaction; the rest is taken in the next round. */
const EXPIRED_BATCH = 500;

/** Who has which role, in Postgres. */
export class PostgresAssignmentStore implements AssignmentStore, BootstrapStore {
  readonly #database: Database;
  readonly #writes: TenantWrites;
  readonly #events: AccessEvents;

  constructor(database: Database, writes: TenantWrites, events: AccessEvents) {
    this.#database = database;
    this.#writes = writes;
    this.#events = events;
  }

  assign(userId: string, role: string, actorId: string, decide: (state: AssignmentState) => Assignment): Promise<Written<Assignment>> {
    const work = async (change: Change) => {
      const state = await readState(change.tx, userId, role, actorId);
      const assignment = decide(state);
      if (assignment === state.current || role === USER_ROLE) return assignment;
      await change.tx.manager.save(AssignmentEntity, rowOf(change.tx, assignment));
      await this.#events.assigned(change.tx, assignment, state.current, await change.changeUser(userId));
      return assignment;
    };
    return recordingRefusals(this.#database, this.#events, { action: "role.assigned", resource: "user", resourceId: userId, role }, () =>
      this.#writes.write(work),
    );
  }

  async revoke(userId: string, role: string, actorId: string, decide: (state: AssignmentState) => boolean): Promise<SetVersion> {
    const work = async (change: Change) => {
      const state = await readState(change.tx, userId, role, actorId);
      if (!decide(state) || state.current === undefined) return;
      await this.#remove(change, state.current, "revoked");
    };
    const refusal = { action: "role.revoked", resource: "user", resourceId: userId, role };
    return (await recordingRefusals(this.#database, this.#events, refusal, () => this.#writes.write(work))).version;
  }

  async removeExpired(now: Date): Promise<number> {
    const sql = "select tenant_id, user_id, role from assignments where expires_at <= $1 order by expires_at limit $2";
    const find = (tx: Transaction) => tx.query<{ tenant_id: string; user_id: string; role: string }>(sql, [now, EXPIRED_BATCH]);
    const expired = await this.#database.read(find, { tenantId: ALL_TENANTS });
    for (const { tenant_id: tenantId, user_id: userId, role } of expired) {
      const work = async (change: Change) => {
        const current = await findAssignment(change.tx, userId, role);
        // It may have been renewed since it was listed.
        if (current?.expiresAt && current.expiresAt <= now) await this.#remove(change, current, "expired");
      };
      await this.#writes.write(work, tenantId);
    }
    return expired.length;
  }

  /** In the transaction of the event that says so. Answers whether the user was the last platform administrator. */
  async removeUser(tx: Transaction, userId: string): Promise<boolean> {
    const work = async (change: Change) => {
      const assignments = await listAssignments(tx, userId);
      for (const assignment of assignments) await this.#remove(change, assignment, "user-deleted");
      const wasAdmin = assignments.some(({ role, expiresAt }) => role === PLATFORM_ADMIN && expiresAt === null);
      return wasAdmin && (await countOtherAdmins(tx, userId)) === 0;
    };
    return this.#writes.writeWithin(tx, work);
  }

  async claim(tokenHash: Buffer, userId: string): Promise<SetVersion | undefined> {
    const now = new Date();
    const work = async (change: Change): Promise<boolean> => {
      const { tx } = change;
      // Of two claims at once the second waits here until the first has committed, and then finds its row.
      const spent = await tx.query(
        "insert into bootstrap_claims (token_hash, tenant_id, user_id, claimed_at) values ($1, $2, $3, $4) on conflict do nothing returning 1",
        [tokenHash, tx.tenantId, userId, now],
      );
      if (spent.length === 0) return isClaimant(tx, tokenHash, userId);
      const assignment: Assignment = { userId, role: PLATFORM_ADMIN, assignedAt: now, assignedBy: "", expiresAt: null };
      await tx.manager.save(AssignmentEntity, rowOf(tx, assignment));
      await this.#events.bootstrapped(tx, assignment, await change.changeUser(userId));
      return true;
    };
    const { value, version } = await this.#writes.write(work);
    return value ? version : undefined;
  }

  async recordRefusal(userId: string): Promise<void> {
    await this.#database.transaction((tx) => this.#events.denied(tx, "bootstrap.claimed", "user", userId, {}, userId));
  }

  async #remove(change: Change, assignment: Assignment, cause: "revoked" | "expired" | "user-deleted"): Promise<void> {
    const { userId, role } = assignment;
    await change.tx.manager.delete(AssignmentEntity, { tenantId: change.tx.tenantId, userId, role });
    await this.#events.revoked(change.tx, assignment, await change.changeUser(userId), cause);
  }
}

export async function listAssignments(tx: Transaction, userId: string): Promise<Assignment[]> {
  const rows = await tx.manager.find(AssignmentEntity, { where: { tenantId: tx.tenantId, userId }, order: { role: "ASC" } });
  return rows.map(assignmentOf);
}

async function readState(tx: Transaction, userId: string, roleName: string, actorId: string): Promise<AssignmentState> {
  return {
    actor: await listHeldRoles(tx, actorId, new Date()),
    role: await findRole(tx, roleName),
    current: await findAssignment(tx, userId, roleName),
    count: await tx.manager.countBy(AssignmentEntity, { tenantId: tx.tenantId, userId }),
    otherAdmins: await countOtherAdmins(tx, userId),
  };
}

async function findAssignment(tx: Transaction, userId: string, role: string): Promise<Assignment | undefined> {
  const row = await tx.manager.findOneBy(AssignmentEntity, { tenantId: tx.tenantId, userId, role });
  return row === null ? undefined : assignmentOf(row);
}

async function countOtherAdmins(tx: Transaction, userId: string): Promise<number> {
  const [row] = await tx.query<{ count: number }>(
    "select count(*)::int as count from assignments where tenant_id = $1 and role = $2 and user_id <> $3 and expires_at is null",
    [tx.tenantId, PLATFORM_ADMIN, userId],
  );
  return row?.count ?? 0;
}

/** A claim is repeated when its answer was lost; who lost the role since does not get it back that way. */
async function isClaimant(tx: Transaction, tokenHash: Buffer, userId: string): Promise<boolean> {
  const claims = await tx.query("select from bootstrap_claims where token_hash = $1 and tenant_id = $2 and user_id = $3", [
    tokenHash,
    tx.tenantId,
    userId,
  ]);
  return claims.length > 0 && (await findAssignment(tx, userId, PLATFORM_ADMIN)) !== undefined;
}

function rowOf(tx: Transaction, assignment: Assignment): AssignmentRow {
  return { ...assignment, tenantId: tx.tenantId };
}

function assignmentOf({ tenantId: _, ...assignment }: AssignmentRow): Assignment {
  return assignment;
}
