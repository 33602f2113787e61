import type { Page, PageRequest } from "@plinth/kernel/base";
import { ALL_TENANTS, type Database, listEntityPage, type PageOrder, type Transaction } from "@plinth/kernel/database";
import type { Client } from "../domain/client.ts";
import type { RevocationReason, Session } from "../domain/session.ts";
import type { FoundToken, NewSession, Rotation, SessionStore } from "../domain/session-store.ts";
import { SessionEntity } from "./session-entity.ts";
import type { SessionEvents } from "./session-events.ts";

const NEWEST_FIRST: readonly PageOrder[] = [
  { by: "createdAt", direction: "desc" },
  { by: "id", direction: "desc" },
];

const DEFAULT_PAGE_SIZE = 20;
/** Live sessions of one user; a further sign-in ends the one that was unused for longest. */
const MAX_SESSIONS = 100;

interface Owner {
  readonly id: string;
  readonly tenantId: string;
}

interface TokenRow extends Session {
  readonly spentAt: Date | null;
  readonly client: Buffer;
  readonly successor: Buffer | null;
}

const COLUMNS = `s.id, s.tenant_id as "tenantId", s.user_id as "userId", s.email, s.address, s.user_agent as "userAgent",
  s.created_at as "createdAt", s.last_used_at as "lastUsedAt", s.expires_at as "expiresAt", s.revoked_at as "revokedAt"`;

const FIND_TOKEN = `select ${COLUMNS}, null::timestamptz as "spentAt", null::bytea as client, null::bytea as successor
  from sessions s where s.token_hash = $1
  union all
  select ${COLUMNS}, t.spent_at, t.client, t.successor from spent_tokens t join sessions s on s.id = t.session_id where t.hash = $1`;

/** The row of the session is the lock: of several rotations of one token the first changes the hash, and the others find nothing. */
const ROTATE = `with turned as (
    update sessions set token_hash = $2, last_used_at = $3, expires_at = $4
    where token_hash = $1 and revoked_at is null returning id, tenant_id
  )
  insert into spent_tokens (hash, tenant_id, session_id, spent_at, client, successor)
  select $1, tenant_id, id, $3, $5, $6 from turned returning 1`;

const LIVE = "revoked_at is null and expires_at > now()";

/** Sessions in Postgres. A refresh takes two statements, each in a transaction of its own: find and rotate; six round trips in all. */
export class PostgresSessionStore implements SessionStore {
  readonly #database: Database;
  readonly #events: SessionEvents;

  constructor(database: Database, events: SessionEvents) {
    this.#database = database;
    this.#events = events;
  }

  open({ session, tokenHash, device }: NewSession): Promise<boolean> {
    const { tenantId, userId } = session;
    const work = async (tx: Transaction) => {
      await lockUser(tx, userId);
      const inserted = await tx.query(
        `insert into sessions (id, tenant_id, user_id, email, token_hash, address, user_agent, created_at, last_used_at, expires_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
         where not exists (select 1 from session_cutoffs where tenant_id = $2 and user_id = $3 and before >= $8) returning 1`,
        [
          ...[session.id, tenantId, userId, session.email, tokenHash, session.address, session.userAgent],
          ...[session.createdAt, session.lastUsedAt, session.expiresAt],
        ],
      );
      if (inserted.length === 0) return false;
      const newDevice = await noteDevice(tx, session, device);
      await this.#endWhere(
        tx,
        `id in (select id from sessions where tenant_id = $1 and user_id = $2 and ${LIVE} order by last_used_at desc, id desc offset $3)`,
        [tenantId, userId, MAX_SESSIONS],
        "revoked",
      );
      await this.#events.created(tx, session, newDevice);
      return true;
    };
    return this.#database.transaction(work, { tenantId });
  }

  findByToken(hash: Buffer): Promise<FoundToken | undefined> {
    const find = async (tx: Transaction): Promise<FoundToken | undefined> => {
      const [row] = await tx.query<TokenRow>(FIND_TOKEN, [hash]);
      if (row === undefined) return undefined;
      const { spentAt, client, successor, ...session } = row;
      return { session, spent: spentAt === null ? undefined : { at: spentAt, client, successor } };
    };
    // Not `read`: a replica of the database may lag behind the rotation whose token this is.
    return this.#database.transaction(find, { tenantId: ALL_TENANTS });
  }

  rotate({ session, from, to, at, expiresAt, client, successor }: Rotation): Promise<boolean> {
    const work = async (tx: Transaction) => (await tx.query(ROTATE, [from, to, at, expiresAt, client, successor])).length > 0;
    return this.#database.transaction(work, { tenantId: session.tenantId });
  }

  end({ id, tenantId }: Owner, ids: readonly string[], reason: RevocationReason): Promise<string[]> {
    const condition = "tenant_id = $1 and user_id = $2 and id = any($3)";
    return this.#database.transaction((tx) => this.#endWhere(tx, condition, [tenantId, id, [...ids]], reason), { tenantId });
  }

  endOthers({ id, tenantId }: Owner, keptId: string | undefined): Promise<string[]> {
    const reason = keptId === undefined ? "logout" : "revoked";
    const condition = "tenant_id = $1 and user_id = $2 and id <> $3";
    return this.#database.transaction((tx) => this.#endWhere(tx, condition, [tenantId, id, keptId ?? ""], reason), { tenantId });
  }

  endForReuse(session: Session, client: Client): Promise<boolean> {
    const work = async (tx: Transaction) => {
      const ended = await this.#endWhere(tx, "id = $1", [session.id], "reuse-detected");
      if (ended.length > 0) await this.#events.reuseDetected(tx, session, client);
      return ended.length > 0;
    };
    return this.#database.transaction(work, { tenantId: session.tenantId });
  }

  listSessions({ id, tenantId }: Owner, { size, token }: PageRequest): Promise<Page<Session>> {
    const list = (tx: Transaction) => {
      const query = tx.manager
        .createQueryBuilder(SessionEntity, "session")
        .where("session.tenantId = :tenantId and session.userId = :id", { tenantId, id })
        .andWhere("session.revokedAt is null and session.expiresAt > now()");
      return listEntityPage(query, NEWEST_FIRST, { size: size === 0 ? DEFAULT_PAGE_SIZE : size, token });
    };
    return this.#database.read(list, { tenantId });
  }

  /** Ends what a user began before `before`, in the transaction of the event that says why; sign-ins on their way fail. */
  async endBefore(tx: Transaction, userId: string, before: Date, reason: RevocationReason, keptId = ""): Promise<void> {
    await lockUser(tx, userId);
    await tx.query(
      `insert into session_cutoffs (tenant_id, user_id, before) values ($1, $2, $3)
       on conflict (tenant_id, user_id) do update set before = greatest(session_cutoffs.before, excluded.before)`,
      [tx.tenantId, userId, before],
    );
    const condition = "tenant_id = $1 and user_id = $2 and created_at <= $3 and id <> $4";
    await this.#endWhere(tx, condition, [tx.tenantId, userId, before, keptId], reason);
  }

  async changeEmail(tx: Transaction, userId: string, email: string): Promise<void> {
    await tx.query("update sessions set email = $3 where tenant_id = $1 and user_id = $2 and email <> $3", [tx.tenantId, userId, email]);
  }

  /** What remains of a user who was deleted: personal data, and what would let somebody in. */
  async forgetUser(tx: Transaction, userId: string): Promise<void> {
    for (const table of ["devices", "authenticators"]) {
      await tx.query(`delete from ${table} where tenant_id = $1 and user_id = $2`, [tx.tenantId, userId]);
    }
    await tx.query("update sessions set email = '', address = '', user_agent = '' where tenant_id = $1 and user_id = $2", [
      tx.tenantId,
      userId,
    ]);
  }

  async #endWhere(tx: Transaction, condition: string, parameters: readonly unknown[], reason: RevocationReason): Promise<string[]> {
    const ended = await tx.query<{ id: string; userId: string }>(
      `update sessions set revoked_at = now() where revoked_at is null and expires_at > now() and ${condition} returning id, user_id as "userId"`,
      parameters,
    );
    for (const session of ended) await this.#events.ended(tx, session, reason);
    return ended.map(({ id }) => id);
  }
}

/** Sign-ins and cut-offs of one user come one after the other: neither would see the other's rows before its commit. */
async function lockUser(tx: Transaction, userId: string): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtext('plinth.auth.sessions'), hashtext($1))", [userId]);
}

/** Whether the user comes from this kind of device for the first time; the very first of all is no news. */
async function noteDevice(tx: Transaction, { tenantId, userId, createdAt }: Session, device: Buffer): Promise<boolean> {
  const [row] = await tx.query<{ fresh: boolean; first: boolean }>(
    `insert into devices (tenant_id, user_id, fingerprint, seen_at) values ($1, $2, $3, $4)
     on conflict (tenant_id, user_id, fingerprint) do update set seen_at = excluded.seen_at
     returning xmax = 0 as fresh,
       not exists (select 1 from devices other where other.tenant_id = $1 and other.user_id = $2) as first`,
    [tenantId, userId, device, createdAt],
  );
  return row?.fresh === true && !row.first;
}
