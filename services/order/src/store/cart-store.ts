import { notFound } from "@plinth/kernel/base";
import { ALL_TENANTS, type Database, type Statement, type Transaction } from "@plinth/kernel/database";
import {
  type Cart,
  type CartItem,
  type CartLimits,
  cartNotFound,
  cartOutdated,
  checkChangeable,
  checkLimits,
  type FullCart,
  mayUse,
} from "../domain/cart.ts";
import type { CartDetails, CartStore, ChangedCart, NewItem } from "../domain/cart-store.ts";
import { type CartRow, ITEMS_JSON, type ItemJson, toCart, toItem } from "./cart-rows.ts";
import { RecentCarts } from "./recent-carts.ts";

/** Removed in one transaction; the rest goes in the next. */
const EXPIRED_BATCH = 1_000;

/** A touched cart lives anew. `$1` tenant, `$2` cart, `$3` user, `$4` life in ms. */
const TOUCH = `update carts c set version = version + 1, updated_at = now(), expires_at = now() + $4::float8 * interval '1 ms'`;
/** `$5` the version that is to be changed; null: whichever it is. */
const USABLE = `c.tenant_id = $1 and c.id = $2 and c.status = 'open' and c.expires_at > now() and c.user_id in ('', $3)
  and ($5::int is null or c.version = $5)`;
const ITEM = `json_build_object('id', id, 'sku', sku, 'warehouse_id', warehouse_id, 'quantity', quantity, 'added_at', added_at)`;

/**
 * The new line, or more of the one that is there; then the cart, which no other call changes meanwhile. What goes beyond a limit changes nothing.
 * `$10` most of one line, `$11` most lines.
 */
const ADD_ITEM = `
with usable as (select c.id, c.line_count from carts c where ${USABLE} for update),
item as (
  insert into cart_items as known (cart_id, tenant_id, id, sku, warehouse_id, quantity, added_at)
  select id, $1, $6, $7, $8, $9, now() from usable
  where $9::bigint <= $10 and (line_count < $11
    or exists (select from cart_items i where i.cart_id = usable.id and i.sku = $7 and i.warehouse_id = $8))
  on conflict (cart_id, sku, warehouse_id) do update set quantity = known.quantity + excluded.quantity
    where known.quantity + excluded.quantity <= $10
  returning known.*
),
touched as (
  ${TOUCH}, line_count = line_count + (select (id = $6)::int from item) where c.id in (select cart_id from item) returning c.*
)
select touched.*, (select ${ITEM} from item) as item from touched`;

/** `$8` most of one line. */
const UPDATE_ITEM = `
with usable as (select c.id from carts c where ${USABLE} for update),
item as (update cart_items set quantity = $7 where cart_id in (select id from usable) and id = $6 and $7::bigint <= $8 returning *),
touched as (${TOUCH} where c.id in (select cart_id from item) returning c.*)
select touched.*, (select ${ITEM} from item) as item from touched`;

const REMOVE_ITEM = `
with usable as (select c.id from carts c where ${USABLE} for update),
item as (delete from cart_items where cart_id in (select id from usable) and id = $6 returning id),
touched as (${TOUCH}, line_count = line_count - (select count(*) from item)::int where c.id in (select id from usable) returning c.*)
select touched.*, null as item from touched`;

const SET_DETAILS = `${TOUCH}, email = coalesce($6, email), shipping_address = coalesce($7::jsonb, shipping_address),
  shipping_option = coalesce($8::jsonb, shipping_option) where ${USABLE} returning c.*`;

/** The lines of one cart into another; `$1` from, `$2` to. Answers how many lines that has then, and the most of one. */
const MOVE_ITEMS = `
insert into cart_items as known (cart_id, tenant_id, id, sku, warehouse_id, quantity, added_at)
select $2, tenant_id, id, sku, warehouse_id, quantity, added_at from cart_items where cart_id = $1
on conflict (cart_id, sku, warehouse_id) do update set quantity = known.quantity + excluded.quantity
returning sku, quantity`;

export interface CartSettings {
  readonly limits: CartLimits;
  /** Untouched so long, a cart is gone. */
  readonly lifeMs: number;
}

/**
 * Carts in tables of their own: a cart in one value would be written whole with each line that is added. Each change is one statement that finds the
 * cart, checks who asks and what is allowed, and writes; only what it refuses is looked at again, to say why.
 */
export class PostgresCartStore implements CartStore {
  readonly #database: Database;
  readonly #recent = new RecentCarts();
  readonly #settings: () => CartSettings;

  constructor(database: Database, settings: () => CartSettings) {
    this.#database = database;
    this.#settings = settings;
  }

  async insert(cart: Cart): Promise<void> {
    await this.#database.statement((tx) =>
      tx.query(
        `insert into carts (id, tenant_id, status, currency, locale, email, user_id, customer_id, line_count, order_id, version, created_at, updated_at,
           expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 0, '', $9, $10, $10, $11)`,
        [
          cart.id,
          tx.tenantId,
          cart.status,
          cart.currency,
          cart.locale,
          cart.email,
          cart.userId,
          cart.customerId,
          cart.version,
          cart.createdAt,
          cart.expiresAt,
        ],
      ),
    );
    this.#recent.remember({ ...cart, items: [] });
  }

  async getCart(id: string, userId: string | undefined): Promise<FullCart> {
    const found = await this.#database.read((tx) => findCart(tx, "c.id = $2 and (c.status <> 'open' or c.expires_at > now())", [id]));
    if (found === undefined || !mayUse(found, userId)) throw cartNotFound(id);
    this.#recent.remember(found);
    return found;
  }

  recall(tenantId: string, id: string, userId: string | undefined): FullCart | undefined {
    const seen = this.#recent.recall(tenantId, id);
    return seen !== undefined && mayUse(seen, userId) ? seen : undefined;
  }

  findCartOf(userId: string): Promise<FullCart | undefined> {
    const newest = "c.user_id = $2 and c.status = 'open' and c.expires_at > now() order by c.updated_at desc limit 1";
    return this.#database.read((tx) => findCart(tx, newest, [userId]));
  }

  addItem(cartId: string, userId: string | undefined, item: NewItem, seen?: number): Promise<ChangedCart> {
    const { limits } = this.#settings();
    const { id, sku, warehouseId, quantity } = item;
    const values = [id, sku, warehouseId, quantity, limits.quantity, limits.lines];
    return this.#change({ cartId, userId, seen }, ADD_ITEM, values, withItem, async (tx, { lineCount }) => {
      const known = "select quantity from cart_items where cart_id = $1 and sku = $2 and warehouse_id = $3";
      const [line] = await tx.query<{ quantity: string }>(known, [cartId, sku, warehouseId]);
      checkLimits(limits, { sku, quantity: quantity + BigInt(line?.quantity ?? 0) }, lineCount + (line === undefined ? 1 : 0));
    });
  }

  updateItem(cartId: string, userId: string | undefined, itemId: string, quantity: bigint): Promise<ChangedCart> {
    const { limits } = this.#settings();
    return this.#change({ cartId, userId }, UPDATE_ITEM, [itemId, quantity, limits.quantity], withItem, async (tx) => {
      const known = "select sku from cart_items where cart_id = $1 and id = $2";
      const [line] = await tx.query<{ sku: string }>(known, [cartId, itemId]);
      if (line !== undefined) return checkLimits(limits, { sku: line.sku, quantity }, 0);
      const metadata = { cart_id: cartId, item_id: itemId };
      throw notFound(`The cart has no line ${itemId}.`, { reason: "ITEM_NOT_FOUND", metadata });
    });
  }

  removeItem(cartId: string, userId: string | undefined, itemId: string): Promise<ChangedCart> {
    return this.#change({ cartId, userId }, REMOVE_ITEM, [itemId], (items) => items.filter(({ id }) => id !== itemId));
  }

  async setDetails(cartId: string, userId: string | undefined, details: CartDetails, seen?: number): Promise<Cart> {
    const { email = null, shippingAddress, shippingOption } = details;
    const values = [email, jsonOrNull(shippingAddress), jsonOrNull(shippingOption)];
    return (await this.#change({ cartId, userId, seen }, SET_DETAILS, values, (items) => items)).cart;
  }

  merge(guestCartId: string, owner: { userId: string; customerId: string; email: string }): Promise<string> {
    return this.#database.transaction(async (tx) => {
      const guests = await this.#lock(tx, guestCartId, owner.userId);
      if (guests.status === "merged") return guests.orderId;
      checkChangeable(guests);
      if (guests.userId === owner.userId) return guests.id;
      const [own] = await tx.query<CartRow>(
        `select * from carts where tenant_id = $1 and user_id = $2 and currency = $3 and status = 'open' and expires_at > now()
         order by updated_at desc limit 1 for update`,
        [tx.tenantId, owner.userId, guests.currency],
      );
      if (own === undefined) {
        const become =
          "update carts set user_id = $2, customer_id = $3, email = coalesce(nullif(email, ''), $4), version = version + 1, updated_at = now() where id = $1";
        await tx.query(become, [guests.id, owner.userId, owner.customerId, owner.email]);
        return guests.id;
      }
      const moved = await tx.query<{ sku: string; quantity: string }>(MOVE_ITEMS, [guests.id, own.id]);
      const [counted] = await tx.query<{ line_count: number }>(
        `${TOUCH}, line_count = (select count(*)::int from cart_items where cart_id = $2) where c.tenant_id = $1 and c.id = $2 and c.user_id = $3
         returning c.line_count`,
        [tx.tenantId, own.id, owner.userId, this.#settings().lifeMs],
      );
      for (const { sku, quantity } of moved) {
        checkLimits(this.#settings().limits, { sku, quantity: BigInt(quantity) }, counted?.line_count ?? 0);
      }
      const end = "update carts set status = 'merged', order_id = $2, version = version + 1, updated_at = now() where id = $1";
      await tx.query(end, [guests.id, own.id]);
      return own.id;
    });
  }

  async removeExpired(): Promise<number> {
    // Carts that are being checked out, or have become orders, stay.
    const remove = `delete from carts where id in
      (select id from carts where status in ('open', 'merged') and expires_at <= now() limit ${EXPIRED_BATCH} for update skip locked) returning id`;
    let removed = 0;
    for (;;) {
      const { length } = await this.#database.transaction((tx) => tx.query(remove), { tenantId: ALL_TENANTS });
      removed += length;
      if (length < EXPIRED_BATCH) return removed;
    }
  }

  /**
   * One statement. `linesAfter` says how it leaves the lines, and `refusal` throws why it changed nothing, if it is not the cart itself that cannot be used.
   */
  async #change(
    { cartId, userId, seen }: { cartId: string; userId: string | undefined; seen?: number | undefined },
    sql: string,
    values: readonly unknown[],
    linesAfter: (items: readonly CartItem[], item: CartItem | undefined) => readonly CartItem[],
    refusal: (tx: Transaction, cart: Cart) => Promise<void> = async () => undefined,
  ): Promise<ChangedCart> {
    const change = async (tx: Statement): Promise<ChangedCart | undefined> => {
      const parameters = [tx.tenantId, cartId, userId ?? "", this.#settings().lifeMs, seen ?? null, ...values];
      const [row] = await tx.query<CartRow & { item?: ItemJson | null }>(sql, parameters);
      return row === undefined ? undefined : { cart: toCart(row), item: row.item ? toItem(row.item) : undefined };
    };
    const changed = await this.#database.statement(change);
    if (changed === undefined && seen !== undefined) throw cartOutdated(cartId, seen);
    const { cart, item } = changed ?? (await this.#changeLocked(cartId, userId, change, refusal));
    this.#recent.changed(cart, (items) => linesAfter(items, item));
    return { cart, item };
  }

  #changeLocked(
    cartId: string,
    userId: string | undefined,
    change: (tx: Statement) => Promise<ChangedCart | undefined>,
    refusal: (tx: Transaction, cart: Cart) => Promise<void>,
  ): Promise<ChangedCart> {
    return this.#database.transaction(async (tx) => {
      const cart = await this.#lock(tx, cartId, userId);
      checkChangeable(cart);
      await refusal(tx, cart);
      // What stood in the way has gone in this moment: a checkout that was refused has given the cart back.
      const second = await change(tx);
      if (second === undefined) throw cartNotFound(cartId);
      return second;
    });
  }

  async #lock(tx: Transaction, id: string, userId: string | undefined): Promise<Cart> {
    const sql = "select * from carts where tenant_id = $1 and id = $2 and (status <> 'open' or expires_at > now()) for update";
    const [row] = await tx.query<CartRow>(sql, [tx.tenantId, id]);
    if (row === undefined || !mayUse({ userId: row.user_id }, userId)) throw cartNotFound(id);
    return toCart(row);
  }
}

async function findCart(tx: Transaction, condition: string, parameters: readonly unknown[]): Promise<FullCart | undefined> {
  const sql = `select c.*, ${ITEMS_JSON} as items from carts c where c.tenant_id = $1 and ${condition}`;
  const [row] = await tx.query<CartRow & { items: ItemJson[] }>(sql, [tx.tenantId, ...parameters]);
  return row === undefined ? undefined : { ...toCart(row), items: row.items.map(toItem) };
}

/** Lines stay in the order in which they were put in. */
function withItem(items: readonly CartItem[], item: CartItem | undefined): readonly CartItem[] {
  if (item === undefined) return items;
  return items.some(({ id }) => id === item.id) ? items.map((each) => (each.id === item.id ? item : each)) : [...items, item];
}

function jsonOrNull(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
