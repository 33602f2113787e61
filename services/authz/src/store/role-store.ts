import { conflict, type Page, type PageRequest } from "@plinth/kernel/base";
import { type Database, listPage, type Transaction } from "@plinth/kernel/database";
import type { RoleStore, Written } from "../domain/access-store.ts";
import { type HeldRole, roleNotFound } from "../domain/assignment.ts";
import { MAX_ROLES, type Role } from "../domain/role.ts";
import type { SetVersion } from "../domain/set-version.ts";
import type { AccessEvents } from "./access-events.ts";
import { recordingRefusals } from "./refusals.ts";
import { findRole, listHeldRoles, ROLES_SQL, type RoleRow, roleOf } from "./role-rows.ts";
import type { Change, TenantWrites } from "./tenant-writes.ts";

/** Roles of tenants, and those of modules to read, in Postgres. */
export class PostgresRoleStore implements RoleStore {
  readonly #database: Database;
  readonly #writes: TenantWrites;
  readonly #events: AccessEvents;

  constructor(database: Database, writes: TenantWrites, events: AccessEvents) {
    this.#database = database;
    this.#writes = writes;
    this.#events = events;
  }

  insert(actorId: string, decide: (actor: readonly HeldRole[]) => Role): Promise<Written<Role>> {
    return this.#write("role.created", "", async (change) => {
      const { tx } = change;
      const role = decide(await listHeldRoles(tx, actorId, new Date()));
      if ((await findRole(tx, role.name)) !== undefined) {
        throw conflict(`There is a role ${role.name} already; choose another name.`, {
          reason: "ROLE_EXISTS",
          metadata: { role: role.name },
        });
      }
      const [row] = await tx.query<{ count: number }>("select count(*)::int as count from roles where tenant_id = $1", [tx.tenantId]);
      if (Number(row?.count) >= MAX_ROLES) {
        throw conflict(`There are ${MAX_ROLES} roles, which is the most; delete one first.`, { reason: "TOO_MANY_ROLES" });
      }
      await saveRole(tx, role);
      await this.#events.roleChanged(tx, undefined, role, await change.changeRules());
      return role;
    });
  }

  change(name: string, actorId: string, decide: (role: Role, actor: readonly HeldRole[]) => Role): Promise<Written<Role>> {
    return this.#write("role.updated", name, async (change) => {
      const before = await getRole(change.tx, name);
      const after = decide(before, await listHeldRoles(change.tx, actorId, new Date()));
      if (after === before) return before;
      await saveRole(change.tx, after);
      await this.#events.roleChanged(change.tx, before, after, await change.changeRules());
      return after;
    });
  }

  async remove(name: string, actorId: string, decide: (role: Role, actor: readonly HeldRole[]) => void): Promise<SetVersion> {
    const { version } = await this.#write("role.deleted", name, async (change) => {
      const { tx } = change;
      const role = await getRole(tx, name);
      decide(role, await listHeldRoles(tx, actorId, new Date()));
      await tx.query("delete from roles where tenant_id = $1 and name = $2", [tx.tenantId, name]);
      // Else whoever makes a role of this name one day would give it to them.
      await tx.query("delete from assignments where tenant_id = $1 and role = $2", [tx.tenantId, name]);
      await this.#events.roleChanged(tx, role, undefined, await change.changeRules());
    });
    return version;
  }

  findRole(name: string): Promise<Role | undefined> {
    return this.#database.read((tx) => findRole(tx, name));
  }

  async listRoles(page: PageRequest): Promise<Page<Role>> {
    const list = (tx: Transaction) =>
      listPage<RoleRow>(tx, { sql: ROLES_SQL, parameters: [tx.tenantId], order: [{ by: "name", direction: "asc" }], page });
    const { items, nextPageToken } = await this.#database.read(list);
    return { items: items.map(roleOf), nextPageToken };
  }

  #write<T>(action: string, name: string, work: (change: Change) => Promise<T>): Promise<Written<T>> {
    const attempt = { action, resource: "role", resourceId: name };
    return recordingRefusals(this.#database, this.#events, attempt, () => this.#writes.write(work));
  }
}

async function getRole(tx: Transaction, name: string): Promise<Role> {
  const role = await findRole(tx, name);
  if (role === undefined) throw roleNotFound(name);
  return role;
}

async function saveRole(tx: Transaction, { name, description, permissions, version, updatedAt }: Role): Promise<void> {
  await tx.query(
    `insert into roles (tenant_id, name, description, permissions, version, updated_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant_id, name) do update
     set description = excluded.description, permissions = excluded.permissions, version = excluded.version, updated_at = excluded.updated_at`,
    [tx.tenantId, name, description, permissions, version, updatedAt],
  );
}
