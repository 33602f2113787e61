import type { Pool } from "pg";

/**
 * Holds checkouts at a point of their way, by triggers that only this database has: whoever comes to the point waits for a lock of ours. A process
 * that is killed then dies exactly there.
 */

/** Before a step's call takes effect with its callee, or after it, before it is noted. */
export const POINTS = [
  "after do begin",
  ...["before do price", "after do price"],
  ...["before do reserve stock", "after do reserve stock"],
  ...["before do authorize payment", "after do authorize payment"],
  ...["before do place order", "after do place order"],
  ...["before do capture payment", "after do capture payment"],
  ...["before do commit stock", "after do commit stock"],
  ...["before undo authorize payment", "after undo authorize payment"],
  ...["before undo reserve stock", "after undo reserve stock"],
] as const;
export type Point = (typeof POINTS)[number];

/** A cart whose checkout is held. */
export interface Bait {
  readonly cartId: string;
  readonly point: Point;
}

export interface Gates {
  /** From now on. */
  hold(baits: readonly Bait[]): Promise<HeldBaits>;
}

export interface HeldBaits {
  /** The carts whose checkouts have come to their points. */
  arrived(): Promise<ReadonlySet<string>>;
  /** The marks that the processes that work on them leave on their sagas. */
  owners(): Promise<readonly string[]>;
  /**
   * Lets go of all. Where the process at the gate is dead its statement is broken off; requests of the dead that wait with others are carried out,
   * or are lost, as `isLost` says.
   */
  open(isLost: () => boolean): Promise<void>;
}

/** What wakes the gate: table, moment, the order it is about, the point it has come to. */
const TRIGGERS = [
  ["orders.sagas", "insert", "case new.name when 'checkout' then new.key end", "'after do begin'"],
  [
    "orders.saga_entries",
    "insert",
    "(select key from orders.sagas s where s.id = new.saga_id and s.name = 'checkout')",
    "case new.outcome when 'done' then 'after ' || new.direction || ' ' || new.step end",
  ],
  ["orders.orders", "insert", "new.id", "'before do place order'"],
  [
    "inventory.reservations",
    "insert or update",
    "new.reference",
    `case new.status when 'held' then 'before do reserve stock' when 'committed' then 'before do commit stock'
     when 'released' then 'before undo reserve stock' end`,
  ],
  [
    "payment.operations",
    "insert",
    "(select reference from payment.intents i where i.id = new.intent_id)",
    `case new.kind when 'authorize' then 'before do authorize payment' when 'capture' then 'before do capture payment'
     when 'void' then 'before undo authorize payment' end`,
  ],
] as const;

/** The first half of our advisory locks; the second is the bait's number. */
const LOCKS = 20_260_711;
/** With a callee, which lives on. */
const ELSEWHERE = /^before (?!do place order)/;

export async function openGates(pool: Pool): Promise<Gates> {
  await pool.query(`
    create schema gates;
    create table gates.baits (cart_id text primary key, number integer not null generated always as identity, point text not null)`);
  for (const [index, [table, moment, orderId, point]] of TRIGGERS.entries()) {
    await pool.query(`
      create function gates.gate_${index}() returns trigger language plpgsql security definer as $$
      declare bait record;
      begin
        select b.* into bait from gates.baits b join orders.checkouts c on c.cart_id = b.cart_id where c.order_id = ${orderId};
        ${table === "orders.orders" ? "if bait.point like '% undo authorize payment' and (select count(*) from orders.checkouts where cart_id = bait.cart_id) = 1 then raise exception 'The first order of this cart is never written.'; end if;" : ""}
        if bait.point = (${point}) then perform pg_advisory_xact_lock_shared(${LOCKS}, bait.number); end if;
        return new;
      end $$;
      create trigger gate before ${moment} on ${table} for each row execute function gates.gate_${index}()`);
  }

  return {
    async hold(baits) {
      const ours = await pool.connect();
      await ours.query("insert into gates.baits (cart_id, point) select * from unnest($1::text[], $2::text[])", [
        baits.map(({ cartId }) => cartId),
        baits.map(({ point }) => point),
      ]);
      const carts = baits.map(({ cartId }) => cartId);
      await ours.query(`select pg_advisory_lock(${LOCKS}, number) from gates.baits where cart_id = any ($1)`, [carts]);
      // Reading a price leaves nothing to hang a trigger on.
      const isPriced = baits.some(({ point }) => point === "before do price");
      if (isPriced) await ours.query("begin; lock table pricing.prices in access exclusive mode");
      const waiting = async () => {
        const { rows } = await pool.query<{ cartId: string; pid: number; point: string }>(
          `select b.cart_id as "cartId", b.point, l.pid from pg_locks l join gates.baits b on l.objid::int = b.number
           where l.locktype = 'advisory' and l.classid::int = ${LOCKS} and not l.granted and b.cart_id = any ($1)
           union all
           select b.cart_id, b.point, null from gates.baits b join orders.checkouts c on c.cart_id = b.cart_id
             join orders.sagas s on s.key = c.order_id and s.step = 'price' and s.status = 'running'
           where b.point = 'before do price' and b.cart_id = any ($1)
             and exists (select from pg_locks where relation = 'pricing.prices'::regclass and not granted)`,
          [carts],
        );
        return rows;
      };
      return {
        arrived: async () => new Set((await waiting()).map(({ cartId }) => cartId)),
        async owners() {
          const { rows } = await pool.query<{ owner: string }>(
            `select distinct s.owner from orders.sagas s join orders.checkouts c on c.order_id = s.key
             where c.cart_id = any ($1) and s.owner is not null and s.finished_at is null`,
            [carts],
          );
          return rows.map(({ owner }) => owner);
        },
        async open(isLost) {
          const broken = (await waiting()).filter(({ pid, point }) => pid !== null && (!ELSEWHERE.test(point) || isLost()));
          await pool.query("select pg_terminate_backend(pid) from unnest($1::int[]) pid", [broken.map(({ pid }) => pid)]);
          if (isPriced) await ours.query("rollback");
          await ours.query("select pg_advisory_unlock_all()");
          ours.release();
        },
      };
    },
  };
}
