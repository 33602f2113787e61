import { createPrivateKey, createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { ALL_TENANTS, type Database, type Transaction } from "@plinth/kernel/database";
import { publicJwk } from "@plinth/kernel/identity";
import type { Logger } from "@plinth/kernel/logging";
import type { KeyPlan, SigningKey, SigningKeyStore } from "../domain/signing-key.ts";
import type { SealedBox } from "../keys/sealed-box.ts";

const generate = promisify(generateKeyPair);
const MODULUS_BITS = 2048;
/** Other replicas sign with a replaced key until they have read the new one, and clocks differ. */
const SLACK_MS = 5 * 60_000;
/** Keys belong to the platform, not to a tenant. */
const EVERYWHERE = { tenantId: ALL_TENANTS };

interface Row {
  kid: string;
  sealed: Buffer;
  signs_from: Date;
  expires_at: Date | null;
}

/** Signing keys in Postgres, encrypted. */
export class PostgresSigningKeyStore implements SigningKeyStore {
  readonly #database: Database;
  readonly #box: SealedBox;
  readonly #logger: Logger;

  constructor(database: Database, box: SealedBox, logger: Logger) {
    this.#database = database;
    this.#box = box;
    this.#logger = logger;
  }

  list(now: Date): Promise<SigningKey[]> {
    return this.#database.read((tx) => this.#list(tx, now), EVERYWHERE);
  }

  add(plan: (keys: readonly SigningKey[]) => KeyPlan, tokenLifetimeMs: number, now: () => Date): Promise<SigningKey[]> {
    return this.#database.transaction(async (tx) => {
      await tx.query("select pg_advisory_xact_lock(hashtext('plinth.auth.signing_keys'))");
      const lifetimeMs = await recordLifetime(tx, tokenLifetimeMs);
      const planned = plan(await this.#list(tx, now()));
      if (planned === undefined) return this.#list(tx, now());
      const { privateKey, publicKey } = await generate("rsa", { modulusLength: MODULUS_BITS });
      const { kid } = publicJwk(publicKey);
      const sealed = this.#box.seal(privateKey.export({ format: "der", type: "pkcs8" }), kid);
      // A key that still waits to sign is overtaken and never will. It stays published: a replica whose clock is ahead may have used it.
      await tx.query(
        `update signing_keys set expires_at = $1, signs_from = case when signs_from > $2 then 'epoch' else signs_from end
         where expires_at is null`,
        [new Date(planned.signsFrom.getTime() + lifetimeMs + SLACK_MS), now()],
      );
      await tx.query("insert into signing_keys (kid, sealed, signs_from, token_lifetime_ms) values ($1, $2, $3, $4)", [
        kid,
        sealed,
        planned.signsFrom,
        tokenLifetimeMs,
      ]);
      return this.#list(tx, now());
    }, EVERYWHERE);
  }

  async removeExpired(now: Date): Promise<void> {
    await this.#database.transaction((tx) => tx.query("delete from signing_keys where expires_at < $1", [now]), EVERYWHERE);
  }

  async #list(tx: Transaction, now: Date): Promise<SigningKey[]> {
    const rows = await tx.query<Row>(
      "select kid, sealed, signs_from, expires_at from signing_keys where expires_at is null or expires_at > $1 order by signs_from, kid",
      [now],
    );
    return rows.flatMap((row) => this.#open(row));
  }

  /** The public key comes from the encrypted one: whoever writes to the table without the key-encryption key makes no key that is trusted. */
  #open({ kid, sealed, signs_from: signsFrom, expires_at: expiresAt }: Row): SigningKey[] {
    try {
      const privateKey = createPrivateKey({ key: this.#box.open(sealed, kid), format: "der", type: "pkcs8" });
      return [{ kid, privateKey, publicKey: createPublicKey(privateKey), signsFrom, expiresAt }];
    } catch (error) {
      this.#logger.error("A signing key cannot be decrypted: keyEncryptionKey is not the one it was stored with. Its tokens are refused.", {
        kid,
        error,
      });
      return [];
    }
  }
}

/** The longest life that tokens of the present key may have, whichever replica signs them. */
async function recordLifetime(tx: Transaction, lifetimeMs: number): Promise<number> {
  const [row] = await tx.query<{ ms: number }>(
    `update signing_keys set token_lifetime_ms = greatest(token_lifetime_ms, $1) where expires_at is null returning token_lifetime_ms::float8 as ms`,
    [lifetimeMs],
  );
  return row?.ms ?? lifetimeMs;
}
