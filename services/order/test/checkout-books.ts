import { setTimeout as delay } from "node:timers/promises";
import { expect } from "@jest/globals";
import type { SimulatorProcess } from "../../payment/test/simulator.ts";
import type { Outcome } from "./killed-shop.ts";
import type { Shop } from "./shop.ts";

/** What order, inventory, payment and Stripe have written of a checkout; amounts in minor units, as text. */
interface Book {
  readonly cart: string;
  readonly order: { readonly total: string; readonly captured: string; readonly status: string } | null;
  readonly reservation: string | null;
  readonly payment: string | null;
  /** By payment's ledger. */
  readonly held: string;
  readonly charged: string;
}

const BOOKS = `
select c.order_id as "orderId", b.status as cart,
  case when o.id is not null then json_build_object('total', o.total::text, 'captured', o.captured::text, 'status', o.status) end as order,
  r.status as reservation, i.state as payment, coalesce(l.held, '0') as held, coalesce(l.charged, '0') as charged
from orders.checkouts c join orders.carts b on b.id = c.cart_id left join orders.orders o on o.id = c.order_id
  left join inventory.reservations r on r.reference = c.order_id left join payment.intents i on i.reference = c.order_id
  left join (select t.intent_id, coalesce(sum(p.amount) filter (where account = 'held'), 0)::text as held,
      coalesce(sum(p.amount) filter (where account = 'charged'), 0)::text as charged
    from payment.ledger_transactions t join payment.ledger_postings p on p.transaction_id = t.id group by 1) l on l.intent_id = i.id`;

/** Each of these finds nothing where all is well. */
const LEFT_OVER = {
  "sagas under way": "select name, step, status, attempt, wake_at, owner from orders.sagas where finished_at is null",
  "held reservations": "select reference from inventory.reservations where status = 'held'",
  "payments in the air": `select reference, state, void_wanted from payment.intents
    where void_wanted or state in ('authorizing', 'requires_action') or (state = 'authorized' and provider <> 'manual')`,
  "calls to the provider under way": "select id, kind from payment.operations where status = 'pending'",
  "two orders of a cart": `select c.cart_id from orders.checkouts c join orders.orders o on o.id = c.order_id group by 1 having count(*) > 1`,
  "two checkouts of a key": "select key from orders.checkouts where key is not null group by key, user_id having count(*) > 1",
  "orders without their one order.created": `select o.id, count(l.id) from orders.orders o left join
    (select distinct event_id as id, envelope->'data'->>'orderId' as order_id from plinth_bus.log where envelope->>'type' = 'order.created') l
    on l.order_id = o.id group by 1 having count(l.id) <> 1`,
  "stock that is not the sum of its movements, or reserved for nobody": `
    select l.sku, l.on_hand, l.reserved, m.on_hand as booked, m.reserved as booked_reserved, h.quantity as held
    from inventory.levels l left join (select sku, warehouse_id, sum(on_hand_difference) as on_hand, sum(reserved_difference) as reserved
      from inventory.movements group by 1, 2) m using (sku, warehouse_id)
    left join (select n.sku, n.warehouse_id, sum(n.quantity) as quantity from inventory.reservation_lines n
      join inventory.reservations r on r.id = n.reservation_id where r.status = 'held' group by 1, 2) h using (sku, warehouse_id)
    where l.on_hand <> coalesce(m.on_hand, 0) or l.reserved <> coalesce(m.reserved, 0) or l.reserved <> coalesce(h.quantity, 0)`,
  "stock that went elsewhere than into orders": `
    select l.sku, l.on_hand, m.received, o.sold from inventory.levels l
    join (select sku, sum(on_hand_difference) as received from inventory.movements where kind = 'receive' group by 1) m using (sku)
    left join (select sku, sum(quantity) as sold from orders.order_lines group by 1) o using (sku)
    where l.on_hand <> m.received - coalesce(o.sold, 0)`,
  deadlocks: "select deadlocks from pg_stat_database where datname = current_database() and deadlocks > 0",
} as const;

/** Waits until nothing is under way, at most a minute; then all books tell of each checkout what its buyer was told, to the cent. */
export async function expectSettled(shop: Shop, stripe: SimulatorProcess, outcomes: ReadonlyMap<string, Outcome>): Promise<void> {
  await comesTo(async () => {
    const found = await Promise.all(Object.entries(LEFT_OVER).map(async ([what, sql]) => [what, await shop.sql(sql)] as const));
    expect(Object.fromEntries(found.filter(([, rows]) => rows.length > 0))).toEqual({});
    const [books, account] = await Promise.all([shop.sql<Book & { orderId: string }>(BOOKS), stripeAccount(stripe)]);
    const wrong = books.filter(({ orderId, ...book }) => !isRight(book, account.get(orderId), outcomes.get(orderId)));
    expect(wrong.map((book) => ({ ...book, stripe: account.get(book.orderId), told: outcomes.get(book.orderId) }))).toEqual([]);
    const known = new Set(books.map(({ orderId }) => orderId));
    expect([...outcomes.keys(), ...account.keys()].filter((orderId) => !known.has(orderId))).toEqual([]);
  });
}

interface StripeSums {
  readonly held: number;
  readonly charged: number;
  /** Payments that their customers could still go on with. */
  readonly open: number;
}

function isRight({ cart, order, reservation, payment, held, charged }: Book, stripe: StripeSums | undefined, told: Outcome | undefined) {
  const nothingHeld = held === "0" && (stripe?.held ?? 0) === 0 && (stripe?.open ?? 0) === 0;
  // Of an attempt that failed on our side nobody is told for good: its buyer asked again, and made another.
  const isTold = order === null ? told?.placed !== true : told?.placed === true;
  if (!isTold || !nothingHeld) return false;
  if (order === null) {
    const isFree = [null, "released"].includes(reservation) && [null, "voided"].includes(payment);
    return cart !== "ordering" && isFree && charged === "0" && (stripe?.charged ?? 0) === 0;
  }
  const isTaken = cart === "ordered" && reservation === "committed";
  const isPaid = order.captured === order.total && charged === order.total && String(stripe?.charged) === order.total;
  return isTaken && isPaid && payment === "captured" && order.status === "open";
}

/** By order: a payment that was tried twice has two intents there, which count together. */
async function stripeAccount({ url }: SimulatorProcess): Promise<Map<string, StripeSums>> {
  const response = await fetch(`${url}/v1/payment_intents?limit=1000000`, { headers: { authorization: "Bearer sk_test_simulator" } });
  const { data } = (await response.json()) as {
    data: { status: string; amount_capturable: number; amount_received: number; metadata: Record<string, string> }[];
  };
  const sums = new Map<string, StripeSums>();
  for (const { status, amount_capturable, amount_received, metadata } of data) {
    const reference = metadata.plinth_reference ?? "";
    const { held, charged, open } = sums.get(reference) ?? { held: 0, charged: 0, open: 0 };
    const isOpen = status !== "canceled" && status !== "succeeded";
    sums.set(reference, { held: held + amount_capturable, charged: charged + amount_received, open: open + (isOpen ? 1 : 0) });
  }
  return sums;
}

const A_MINUTE_MS = 60_000;

async function comesTo(isSo: () => Promise<void>): Promise<void> {
  const giveUpAt = performance.now() + A_MINUTE_MS;
  for (;;) {
    try {
      return await isSo();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await delay(200);
    }
  }
}
