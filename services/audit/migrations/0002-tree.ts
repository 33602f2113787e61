import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

const TABLES = ["leaves", "nodes", "checkpoints"];

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    -- The place of each entry in its tenant's tree.
    create table leaves (
      tenant_id text collate "C" not null,
      sequence bigint not null check (sequence >= 0),
      entry_id text collate "C" not null,
      recorded_at timestamptz not null,
      hash bytea not null check (length(hash) = 32),
      primary key (tenant_id, sequence),
      constraint leaves_entry_key unique (tenant_id, entry_id)
    );

    -- Complete subtrees of 256 leaves, of 256 * 256 and so on: what lies between is a few hundred hashes away.
    create table nodes (
      tenant_id text collate "C" not null,
      level smallint not null check (level > 0 and level % 8 = 0),
      position bigint not null check (position >= 0),
      hash bytea not null check (length(hash) = 32),
      primary key (tenant_id, level, position)
    );

    create table checkpoints (
      tenant_id text collate "C" not null,
      tree_size bigint not null check (tree_size > 0),
      root bytea not null check (length(root) = 32),
      signed_at timestamptz not null,
      previous bytea not null check (length(previous) = 32),
      key_id text not null,
      signature bytea not null,
      -- The complete subtrees at the right edge, from which the tree goes on. Not signed, but they hash to the signed root.
      edge bytea not null,
      primary key (tenant_id, tree_size)
    );
  `);
  for (const table of TABLES) {
    await tx.query(enableTenancySql(table));
    await tx.query(`
      create trigger append_only before update or delete on ${table} for each row execute function refuse_change();
      create trigger no_truncate before truncate on ${table} for each statement execute function refuse_change();
      revoke update, delete, truncate on ${table} from ${tx.serviceRole};
    `);
  }
}
