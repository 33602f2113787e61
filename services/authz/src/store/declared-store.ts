import { DEFAULT_TENANT, type Page, type PageRequest } from "@plinth/kernel/base";
import { type Database, listPage, type Transaction } from "@plinth/kernel/database";
import type { Permission, PermissionStore } from "../domain/access-store.ts";
import { type AccessDifference, compareAccess, type DeclaredAccess } from "../domain/declared-access.ts";
import type { Role } from "../domain/role.ts";
import type { AccessEvents } from "./access-events.ts";
import { type RoleRow, roleOf } from "./role-rows.ts";
import type { TenantWrites } from "./tenant-writes.ts";

/** A type, since rows of lists are records. */
type PermissionRow = { code: string; description: string; module: string; retired: boolean };

/** Permissions and roles that modules declare, and those they once declared, in Postgres. */
export class PostgresDeclaredStore implements PermissionStore {
  readonly #database: Database;
  readonly #writes: TenantWrites;
  readonly #events: AccessEvents;

  constructor(database: Database, writes: TenantWrites, events: AccessEvents) {
    this.#database = database;
    this.#writes = writes;
    this.#events = events;
  }

  /** Makes what is kept say what the modules say; writes only what differs. */
  async follow(declared: DeclaredAccess): Promise<void> {
    await this.#writes.writePlatform(DEFAULT_TENANT, async (change) => {
      const { tx } = change;
      const permissions = await tx.query<PermissionRow>("select code, description, module, retired from declared_permissions");
      const roles = (await tx.query<RoleRow>("select * from declared_roles")).map(roleOf);
      const difference = compareAccess({ permissions, roles }, declared, new Date());
      if (difference.permissions.length > 0) await savePermissions(tx, difference.permissions);
      if (difference.roles.length > 0) await this.#saveRoles(tx, difference.roles, change.changeRules.bind(change));
    });
  }

  listPermissions(module: string | undefined, page: PageRequest): Promise<Page<Permission>> {
    const filter = module === undefined ? "" : "where module = $1";
    const sql = `select code, description, module, retired from declared_permissions ${filter}`;
    const parameters = module === undefined ? [] : [module];
    return this.#database.read((tx) => listPage<PermissionRow>(tx, { sql, parameters, order: [{ by: "code", direction: "asc" }], page }));
  }

  async #saveRoles(tx: Transaction, roles: AccessDifference["roles"], changeRules: () => Promise<{ tenant: number; platform: number }>) {
    const version = await changeRules();
    for (const { role, before } of roles) {
      await saveRole(tx, role);
      await this.#events.roleChanged(tx, before, role, version);
    }
  }
}

async function savePermissions(tx: Transaction, permissions: readonly Permission[]): Promise<void> {
  await tx.query(
    `insert into declared_permissions (code, description, module, retired)
     select * from jsonb_to_recordset($1) as declared (code text, description text, module text, retired boolean)
     on conflict (code) do update set description = excluded.description, module = excluded.module, retired = excluded.retired`,
    [JSON.stringify(permissions)],
  );
}

async function saveRole(tx: Transaction, role: Role): Promise<void> {
  const { name, description, permissions, module, version, retired, updatedAt } = role;
  await tx.query(
    `insert into declared_roles (name, description, permissions, module, version, retired, updated_at) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (name) do update set description = excluded.description, permissions = excluded.permissions, module = excluded.module,
       version = excluded.version, retired = excluded.retired, updated_at = excluded.updated_at`,
    [name, description, permissions, module, version, retired, updatedAt],
  );
}
