import { conflict, notFound, type Page, type PageRequest } from "@plinth/kernel/base";
import { ALL_TENANTS, type Database, listEntityPage, onUniqueViolation, type PageOrder, type Transaction } from "@plinth/kernel/database";
import { folded, type User } from "../domain/user.ts";
import type { AccountMail, NewAccount, PasswordChange, UserFilter, UserStore } from "../domain/user-store.ts";
import { rowOf, UserEntity } from "./user-entity.ts";
import type { UserEvents } from "./user-events.ts";

const NEWEST_FIRST: readonly PageOrder[] = [
  { by: "createdAt", direction: "desc" },
  { by: "id", direction: "desc" },
];

/** Accounts in Postgres. */
export class PostgresUserStore implements UserStore {
  readonly #database: Database;
  readonly #events: UserEvents;

  constructor(database: Database, events: UserEvents) {
    this.#database = database;
    this.#events = events;
  }

  async insert({ user, passwordHash, mail }: NewAccount, beforeCommit?: () => Promise<void>): Promise<void> {
    const work = async (tx: Transaction) => {
      await tx.manager.insert(UserEntity, rowOf(user));
      if (passwordHash !== undefined) await writePassword(tx, user, passwordHash, user.createdAt);
      await this.#events.created(tx, user);
      if (mail !== undefined) await this.#writeMail(tx, mail);
      await beforeCommit?.();
    };
    await this.#database.transaction(work, { tenantId: user.tenantId }).catch(refuseTaken);
  }

  findUser(id: string): Promise<User | undefined> {
    return this.#database.read((tx) => findUser(tx, id));
  }

  findByEmail(email: string, tenantId?: string): Promise<User | undefined> {
    const options = tenantId === undefined ? {} : { tenantId };
    return this.#database.read(async (tx) => {
      const user = await tx.manager.findOneBy(UserEntity, { tenantId: tx.tenantId, emailFolded: folded(email) });
      return user ?? undefined;
    }, options);
  }

  findPasswordHash(userId: string, tenantId: string): Promise<string | undefined> {
    const find = async (tx: Transaction) => {
      const [row] = await tx.query<{ password_hash: string }>("select password_hash from credentials where user_id = $1", [userId]);
      return row?.password_hash;
    };
    return this.#database.read(find, { tenantId });
  }

  listUsers(filter: UserFilter, page: PageRequest): Promise<Page<User>> {
    return this.#database.read((tx) => {
      const query = tx.manager.createQueryBuilder(UserEntity, "user").where("user.tenantId = :tenantId", { tenantId: tx.tenantId });
      if (filter.status) query.andWhere("user.status = :status", { status: filter.status });
      if (filter.prefix) {
        const prefix = `${escapeLike(folded(filter.prefix))}%`;
        query.andWhere("(user.emailFolded like :prefix or user.usernameFolded like :prefix)", { prefix });
      }
      return listEntityPage(query, NEWEST_FIRST, page);
    });
  }

  change(id: string, decide: (user: User) => User): Promise<User> {
    const work = async (tx: Transaction) => {
      const changed = decide(await lockUser(tx, id));
      await tx.manager.update(UserEntity, { id }, rowOf(changed));
      await this.#events.updated(tx, changed);
      return changed;
    };
    return this.#database.transaction(work).catch(refuseTaken);
  }

  async erase(id: string, decide: (user: User) => User): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const erased = decide(await lockUser(tx, id));
      await tx.manager.update(UserEntity, { id }, rowOf(erased));
      await tx.query("delete from credentials where user_id = $1", [id]);
      await tx.query("delete from one_time_tokens where user_id = $1", [id]);
      await this.#events.deleted(tx, erased);
    });
  }

  async sendMail(mail: AccountMail): Promise<void> {
    await this.#database.transaction((tx) => this.#writeMail(tx, mail), { tenantId: mail.token.tenantId });
  }

  async spendVerification(tokenHash: Buffer, now: Date, decide: (user: User) => User): Promise<User | undefined> {
    const owner = await this.#findOwner(tokenHash, "verify-email", now);
    if (!owner) return undefined;
    const work = async (tx: Transaction) => {
      const user = await lockUser(tx, owner.user_id);
      // Of two requests at once, the one that deletes the row has spent the token.
      const [spent] = await tx.query<{ email: string }>("delete from one_time_tokens where hash = $1 returning email", [tokenHash]);
      if (spent === undefined || folded(spent.email) !== folded(user.email)) return undefined;
      const verified = decide(user);
      await tx.manager.update(UserEntity, { id: user.id }, rowOf(verified));
      await this.#events.emailVerified(tx, verified);
      return verified;
    };
    return this.#database.transaction(work, { tenantId: owner.tenant_id });
  }

  async findResetOwner(tokenHash: Buffer, now: Date): Promise<User | undefined> {
    const owner = await this.#findOwner(tokenHash, "reset-password", now);
    return owner && this.#database.read((tx) => findUser(tx, owner.user_id), { tenantId: owner.tenant_id });
  }

  async spendReset(tokenHash: Buffer, user: User, change: PasswordChange, now: Date): Promise<boolean> {
    const work = async (tx: Transaction) => {
      const spent = await tx.query("delete from one_time_tokens where hash = $1 returning 1", [tokenHash]);
      if (spent.length === 0) return false;
      await tx.query("delete from one_time_tokens where user_id = $1 and purpose = 'reset-password'", [user.id]);
      await writePassword(tx, user, change.hash, now);
      await this.#events.passwordChanged(tx, user, change, now);
      return true;
    };
    return this.#database.transaction(work, { tenantId: user.tenantId });
  }

  async setPassword(user: User, change: PasswordChange, now: Date): Promise<void> {
    const work = async (tx: Transaction) => {
      await writePassword(tx, user, change.hash, now);
      await this.#events.passwordChanged(tx, user, change, now);
    };
    await this.#database.transaction(work, { tenantId: user.tenantId });
  }

  async upgradeHash(user: User, from: string, to: string): Promise<void> {
    const sql = "update credentials set password_hash = $3 where user_id = $1 and password_hash = $2";
    await this.#database.transaction((tx) => tx.query(sql, [user.id, from, to]), { tenantId: user.tenantId });
  }

  listHistory(userId: string): Promise<{ action: string; at: Date }[]> {
    return this.#database.read((tx) => tx.query("select action, at from user_history where user_id = $1 order by id", [userId]));
  }

  /** For the nightly clean-up: an expired token is useless already, so nothing waits for this. */
  async removeExpiredTokens(now: Date): Promise<void> {
    await this.#database.transaction((tx) => tx.query("delete from one_time_tokens where expires_at < $1", [now]), {
      tenantId: ALL_TENANTS,
    });
  }

  async #writeMail(tx: Transaction, mail: AccountMail): Promise<void> {
    const { hash, userId, tenantId, purpose, email, expiresAt } = mail.token;
    await tx.query("insert into one_time_tokens (hash, tenant_id, user_id, purpose, email, expires_at) values ($1, $2, $3, $4, $5, $6)", [
      hash,
      tenantId,
      userId,
      purpose,
      email,
      expiresAt,
    ]);
    await this.#events.mail(tx, mail);
  }

  /** A link in a mail does not say its tenant, so the token is looked up in all of them: its hash is the secret. */
  async #findOwner(hash: Buffer, purpose: string, now: Date): Promise<{ user_id: string; tenant_id: string } | undefined> {
    const sql = "select user_id, tenant_id from one_time_tokens where hash = $1 and purpose = $2 and expires_at > $3";
    const find = (tx: Transaction) => tx.query<{ user_id: string; tenant_id: string }>(sql, [hash, purpose, now]);
    const [owner] = await this.#database.read(find, { tenantId: ALL_TENANTS });
    return owner;
  }
}

async function findUser(tx: Transaction, id: string): Promise<User | undefined> {
  return (await tx.manager.findOneBy(UserEntity, { id })) ?? undefined;
}

async function lockUser(tx: Transaction, id: string): Promise<User> {
  const user = await tx.manager.findOne(UserEntity, { where: { id }, lock: { mode: "pessimistic_write" } });
  if (!user) throw notFound(`There is no user ${id}.`, { reason: "USER_NOT_FOUND", metadata: { id } });
  return user;
}

async function writePassword(tx: Transaction, user: User, hash: string, at: Date): Promise<void> {
  await tx.query(
    `insert into credentials (user_id, tenant_id, password_hash, changed_at) values ($1, $2, $3, $4)
     on conflict (user_id) do update set password_hash = excluded.password_hash, changed_at = excluded.changed_at`,
    [user.id, user.tenantId, hash, at],
  );
}

function refuseTaken(error: unknown): never {
  throw onUniqueViolation(error, (constraint) => {
    if (constraint === "users_email_key")
      return conflict("There is an account with this email address already.", { reason: "EMAIL_TAKEN" });
    if (constraint === "users_username_key") return conflict("This user name is taken; choose another one.", { reason: "USERNAME_TAKEN" });
    return undefined;
  });
}

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, "\\$&");
}
