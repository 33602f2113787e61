import type { Database, Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import type { Authenticator } from "../domain/second-factor.ts";
import type { Owner, SecondFactorStore } from "../domain/second-factor-store.ts";
import type { SealedBox } from "../keys/sealed-box.ts";

/** Second factors in Postgres. */
export class PostgresSecondFactorStore implements SecondFactorStore {
  readonly #database: Database;
  readonly #box: SealedBox;
  readonly #service: Pick<Service<unknown>, "audit">;

  constructor(database: Database, box: SealedBox, service: Pick<Service<unknown>, "audit">) {
    this.#database = database;
    this.#box = box;
    this.#service = service;
  }

  find(owner: Owner): Promise<Authenticator | undefined> {
    const work = async (tx: Transaction) => {
      const [row] = await tx.query<{ secret: Buffer; confirmed: boolean }>(
        "select secret, confirmed from authenticators where tenant_id = $1 and user_id = $2",
        [owner.tenantId, owner.id],
      );
      return row && { secret: new Uint8Array(this.#box.open(row.secret, owner.id)), confirmed: row.confirmed, sealed: row.secret };
    };
    return this.#database.transaction(work, { tenantId: owner.tenantId });
  }

  begin(owner: Owner, secret: Uint8Array): Promise<boolean> {
    const sql = `insert into authenticators (tenant_id, user_id, secret) values ($1, $2, $3)
      on conflict (tenant_id, user_id) do update set secret = excluded.secret, last_step = 0 where not authenticators.confirmed returning 1`;
    return this.#changed(owner, sql, [this.#box.seal(secret, owner.id)]);
  }

  confirm(owner: Owner, { sealed }: Authenticator, step: number, recoveryHashes: readonly Buffer[]): Promise<boolean> {
    const sql = `with confirmed as (
        update authenticators set confirmed = true, last_step = $3
        where tenant_id = $1 and user_id = $2 and not confirmed and secret = $5 returning tenant_id, user_id
      )
      insert into recovery_codes (tenant_id, user_id, hash)
      select tenant_id, user_id, unnest($4::bytea[]) from confirmed returning 1`;
    return this.#changed(owner, sql, [step, [...recoveryHashes], sealed], "user.totp_enrolled");
  }

  useStep(owner: Owner, step: number): Promise<boolean> {
    const sql = `update authenticators set last_step = $3
      where tenant_id = $1 and user_id = $2 and confirmed and last_step < $3 returning 1`;
    return this.#changed(owner, sql, [step]);
  }

  useRecoveryCode(owner: Owner, hash: Buffer): Promise<boolean> {
    const sql = "delete from recovery_codes where tenant_id = $1 and user_id = $2 and hash = $3 returning 1";
    return this.#changed(owner, sql, [hash], "user.recovery_code_used");
  }

  async remove(owner: Owner): Promise<void> {
    const sql = "delete from authenticators where tenant_id = $1 and user_id = $2 returning 1";
    await this.#changed(owner, sql, [], "user.totp_disabled");
  }

  /** One statement on the owner's rows, audited when it changed any. */
  #changed({ id, tenantId }: Owner, sql: string, parameters: readonly unknown[], action?: string): Promise<boolean> {
    const work = async (tx: Transaction) => {
      const changed = (await tx.query(sql, [tenantId, id, ...parameters])).length > 0;
      if (changed && action !== undefined) {
        await this.#service.audit(tx, { action, resource: "user", resourceId: id, userId: id, outcome: "success" });
      }
      return changed;
    };
    return this.#database.transaction(work, { tenantId });
  }
}
