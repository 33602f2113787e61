import { ALL_TENANTS, type Database, type Statement, type Transaction } from "@plinth/kernel/database";
import type { PreparedStart, SagaRow } from "@plinth/kernel/sagas";
import { cartNotFound, checkChangeable, type FullCart, mayUse } from "../domain/cart.ts";
import { type CheckoutAttempt, type CheckoutStore, keyOfAnother } from "../domain/checkout-store.ts";
import { type CartRow, ITEMS_JSON, type ItemJson, toCart, toItem } from "./cart-rows.ts";

/**
 * Takes an open cart, which nobody can change from then on, and notes the attempt; a key that was used before notes nothing. Whoever had to wait for somebody who
 * changed the cart sees its lines as they were before; `seen` is the version that they belong to.
 */
const CLAIM = `
with claimed as (
  update carts set status = 'ordering', order_id = $3, version = version + 1, updated_at = now()
  where tenant_id = $1 and id = $2 and status = 'open' and expires_at > now() and user_id in ('', $4) returning *
),
noted as (
  insert into checkouts (order_id, tenant_id, cart_id, user_id, email, key, fingerprint, created_at)
  select $3, $1, $2, $4, c.email, $5, $6, now() from claimed c on conflict on constraint checkouts_key do nothing returning order_id
)
select c.*, exists (select from noted) as noted, (select s.version from carts s where s.id = c.id) as seen, ${ITEMS_JSON} as items from claimed c`;

/**
 * Takes an open cart in this version, and no other, notes the attempt, and begins the saga; where the cart is another one, or the key was used before, nothing.
 * `$7` the version.
 */
const claimSeenSql = (start: PreparedStart): string => `
with usable as (
  select id, email from carts
  where tenant_id = $1 and id = $2 and status = 'open' and expires_at > now() and user_id in ('', $4) and version = $7 for update
),
noted as (
  insert into checkouts (order_id, tenant_id, cart_id, user_id, email, key, fingerprint, created_at)
  select $3, $1, id, $4, email, $5, $6, now() from usable on conflict on constraint checkouts_key do nothing returning cart_id
),
claimed as (
  update carts set status = 'ordering', order_id = $3, version = version + 1, updated_at = now() where id in (select cart_id from noted) returning id
),
begun as (${start.insert(8, "claimed")})
select * from begun`;

const ITEMS = `select ${ITEMS_JSON} as items from carts c where c.tenant_id = $1 and c.id = $2`;

/** So that nobody waits long for the rows. */
const FORGOTTEN_AT_ONCE = 1000;

const FORGET_KEYS = `
update checkouts set key = null where order_id in
  (select order_id from checkouts where key is not null and created_at < now() - interval '24 hours' order by created_at limit ${FORGOTTEN_AT_ONCE})
returning order_id`;

const COLUMNS = `order_id as "orderId", cart_id as "cartId", user_id as "userId", email, key, fingerprint`;

/** Attempts in Postgres. */
export class PostgresCheckoutStore implements CheckoutStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Takes the cart for this attempt, in the caller's transaction. Throws NOT_FOUND, reason CART_NOT_FOUND; CONFLICT, reason CART_STATUS, for a cart that
   * is not open; VALIDATION_ERROR, reason IDEMPOTENCY_CONFLICT, for a key that was used before.
   */
  async claim(tx: Transaction, { orderId, cartId, userId, key, fingerprint }: Omit<CheckoutAttempt, "email">): Promise<FullCart> {
    const parameters = [tx.tenantId, cartId, orderId, userId, key ?? null, fingerprint];
    const claim = () => tx.query<CartRow & { noted: boolean; seen: number; items: ItemJson[] }>(CLAIM, parameters);
    let [row] = await claim();
    if (row === undefined) {
      const locked = "select * from carts where tenant_id = $1 and id = $2 for update";
      const [other] = await tx.query<CartRow>(locked, [tx.tenantId, cartId]);
      if (other !== undefined && mayUse({ userId: other.user_id }, userId)) checkChangeable(toCart(other));
      // An attempt that was refused may have given the cart back in this moment.
      [row] = await claim();
      if (row === undefined) throw cartNotFound(cartId);
    }
    if (!row.noted) throw keyOfAnother();
    const items = row.seen === row.version - 1 ? row.items : await this.#itemsOf(tx, cartId);
    return { ...toCart(row), items: items.map(toItem) };
  }

  /** The same for a cart that was seen in a version, by the statement that begins the saga; undefined where anything is in the way, which `claim` says. */
  async claimSeen(
    tx: Statement,
    { orderId, cartId, userId, key, fingerprint }: Omit<CheckoutAttempt, "email">,
    version: number,
    start: PreparedStart,
  ): Promise<SagaRow | undefined> {
    const parameters = [tx.tenantId, cartId, orderId, userId, key ?? null, fingerprint, version, ...start.values];
    return (await tx.query<SagaRow>(claimSeenSql(start), parameters))[0];
  }

  /**
   * The attempt came to nothing: its cart can be used again. Its key, too, unless it is the answer that is kept under it. In the caller's transaction.
   */
  async reopen(tx: Transaction, orderId: string, { keepsKey }: { readonly keepsKey: boolean }): Promise<void> {
    const open =
      "update carts set status = 'open', order_id = '', version = version + 1, updated_at = now() where order_id = $1 and status = 'ordering'";
    await tx.query(open, [orderId]);
    if (!keepsKey) await tx.query("update checkouts set key = null where order_id = $1", [orderId]);
  }

  findAttempt(orderId: string): Promise<CheckoutAttempt | undefined> {
    return this.#find("order_id = $2", [orderId]);
  }

  findAttemptOfKey(userId: string, key: string): Promise<CheckoutAttempt | undefined> {
    return this.#find("user_id = $2 and key = $3", [userId, key]);
  }

  findAttemptOfCart(cartId: string): Promise<CheckoutAttempt | undefined> {
    return this.#find("order_id = (select order_id from carts where tenant_id = $1 and id = $2 and status in ('ordering', 'ordered'))", [
      cartId,
    ]);
  }

  async #itemsOf(tx: Transaction, cartId: string): Promise<ItemJson[]> {
    const [lines] = await tx.query<{ items: ItemJson[] }>(ITEMS, [tx.tenantId, cartId]);
    return lines?.items ?? [];
  }

  async forgetKeys(): Promise<number> {
    for (let forgotten = 0; ; ) {
      const { length } = await this.#database.statement((tx) => tx.query(FORGET_KEYS), { tenantId: ALL_TENANTS });
      forgotten += length;
      if (length < FORGOTTEN_AT_ONCE) return forgotten;
    }
  }

  async #find(condition: string, parameters: readonly string[]): Promise<CheckoutAttempt | undefined> {
    const sql = `select ${COLUMNS} from checkouts where tenant_id = $1 and ${condition}`;
    const [row] = await this.#database.read((tx) =>
      tx.query<Omit<CheckoutAttempt, "key"> & { key: string | null }>(sql, [tx.tenantId, ...parameters]),
    );
    return row === undefined ? undefined : { ...row, key: row.key ?? undefined };
  }
}
