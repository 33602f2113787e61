import { currentContext, type Page, type PageRequest } from "@plinth/kernel/base";
import { type Database, listPage, type PageOrder, type Statement, type Transaction } from "@plinth/kernel/database";
import type { PreparedNote } from "@plinth/kernel/sagas";
import { folded, type Happening, type Order, type OrderChange, orderNotFound, type Refund, type Shipment } from "../domain/order.ts";
import type { Note, OrderFilter, OrderSort, OrderStore, OrderSummary, PastHappening } from "../domain/order-store.ts";
import type { OrderEvents } from "./order-events.ts";
import { historyJson, lineJson, orderJson, refundJson, shipmentJson, toJson } from "./order-json.ts";
import { FULL_ORDER, type FullOrderRow, type OrderRow, toOrder, toSummary } from "./order-rows.ts";

const HISTORY = "insert into history (order_id, tenant_id, what, detail, actor_id, at)";

/**
 * Order, lines and history, the end of the cart, the note that the checkout has done it, and what is said of it. All of it hangs on the note: where another worker
 * has gone on with the checkout there is no order. The keys of the events are locked last.
 *
 * $1 order, $2 lines, $3 cart, $4 history, $5 and $6 events.
 */
const placeSql = (note: PreparedNote): string => `
with ${note.with(7)},
placed as (insert into orders select o.* from moved, jsonb_populate_record(null::orders, $1::jsonb) as o returning id, tenant_id),
lines as (insert into order_lines select l.* from moved, jsonb_populate_recordset(null::order_lines, $2::jsonb) as l),
cart as (
  update carts set status = 'ordered', version = version + 1, updated_at = now() where id = $3 and order_id in (select id from placed) returning id
),
past as (
  ${HISTORY} select placed.id, placed.tenant_id, h.what, h.detail, h.actor_id, h.at
  from placed, jsonb_to_recordset($4::jsonb) as h(what text, detail jsonb, actor_id text, at timestamptz)
)
select moved.id, publish_prepared($5::jsonb, $6::jsonb) as published from moved, (select count(*) from cart) as ended`;

/** What changes of an order, with whatever part of it is new or other than before. */
const CHANGE = `
with new as (select * from jsonb_populate_record(null::orders, $1::jsonb)),
changed as (
  update orders o set authorized = n.authorized, captured = n.captured, refunded = n.refunded, sent_back = n.sent_back, voided = n.voided,
    cancel_reason = n.cancel_reason, status = n.status, payment_status = n.payment_status, fulfillment_status = n.fulfillment_status, return_status = n.return_status,
    version = n.version, updated_at = n.updated_at, paid_at = n.paid_at, canceled_at = n.canceled_at, completed_at = n.completed_at
  from new n where o.id = n.id returning o.id, o.tenant_id
),
refunded as (
  insert into refunds select * from jsonb_populate_recordset(null::refunds, $2::jsonb)
  on conflict (order_id, id) do update set status = excluded.status, failure = excluded.failure
),
shipped as (
  insert into shipments select * from jsonb_populate_recordset(null::shipments, $3::jsonb)
  on conflict (order_id, id) do update set status = excluded.status, items = excluded.items, carrier = excluded.carrier,
    tracking_number = excluded.tracking_number, tracking_url = excluded.tracking_url, reason = excluded.reason, updated_at = excluded.updated_at
)
${HISTORY} select changed.id, changed.tenant_id, h.what, h.detail, h.actor_id, h.at
from changed, jsonb_to_recordset($4::jsonb) as h(what text, detail jsonb, actor_id text, at timestamptz)`;

const FIND = `select ${FULL_ORDER} from orders o where o.tenant_id = $1 and o.id = $2`;
/** Whoever had to wait for the lock sees the order as it is then, but its parts as they were before; `seen` is the version that they belong to. */
const LOCK = `
select ${FULL_ORDER}, (select s.version from orders s where s.id = o.id) as seen from orders o where o.tenant_id = $1 and o.id = $2 for update of o`;

const SORTS: Record<OrderSort, readonly PageOrder[]> = {
  newest: [
    { by: "placed_at", direction: "desc" },
    { by: "id", direction: "desc" },
  ],
  oldest: [
    { by: "placed_at", direction: "asc" },
    { by: "id", direction: "asc" },
  ],
  changed: [
    { by: "updated_at", direction: "desc" },
    { by: "id", direction: "desc" },
  ],
};

/** Orders in Postgres. */
export class PostgresOrderStore implements OrderStore {
  readonly #database: Database;
  readonly #events: OrderEvents;

  constructor(database: Database, events: OrderEvents) {
    this.#database = database;
    this.#events = events;
  }

  /** The order, the end of the cart that it was made of, and the note of the step that does so; answers the rows of that. */
  async place(tx: Statement, note: PreparedNote, cartId: string, { order, happenings }: OrderChange): Promise<readonly object[]> {
    const events = await this.#events.prepare(tx, order, happenings);
    const placed = await tx.query<{ published: string[] }>(placeSql(note), [
      ...[toJson(orderJson(order)), toJson(lineJson(order)), cartId, toJson(historyOf(happenings, order.placedAt))],
      ...[events.toParameter(), events.toAll(), ...note.values],
    ]);
    events.published(placed[0]?.published ?? []);
    return placed;
  }

  /** Applies `decide` to the locked order, in the caller's transaction. Undefined where there is no such order. */
  async changeIn<Change extends OrderChange>(tx: Transaction, id: string, decide: (order: Order) => Change): Promise<Change | undefined> {
    const before = await lockOrder(tx, id);
    if (before === undefined) return undefined;
    const change = decide(before);
    if (change.happenings.length === 0) return change;
    const now = new Date();
    const order = { ...change.order, version: before.version + 1, updatedAt: now };
    const refunds = change.order.refunds.filter((refund) => !before.refunds.includes(refund));
    const shipments = change.order.shipments.filter((shipment) => !before.shipments.includes(shipment));
    await tx.query(CHANGE, [
      toJson(orderJson(order)),
      toJson(refunds.map((refund: Refund) => refundJson(refund, order))),
      toJson(shipments.map((shipment: Shipment) => shipmentJson(shipment, order))),
      toJson(historyOf(change.happenings, now)),
    ]);
    await this.#events.happened(tx, order, change.happenings);
    return { ...change, order };
  }

  change<Change extends OrderChange>(
    id: string,
    decide: (order: Order) => Change,
    then: (tx: Transaction, change: Change) => Promise<unknown> = async () => undefined,
  ): Promise<Change> {
    return this.#database.transaction(async (tx) => {
      const change = await this.changeIn(tx, id, decide);
      if (change === undefined) throw orderNotFound(id);
      if (change.happenings.length > 0) await then(tx, change);
      return change;
    });
  }

  findOrder(id: string): Promise<Order | undefined> {
    return this.#database.read((tx) => findOrder(tx, id));
  }

  listOrders(filter: OrderFilter, sort: OrderSort, page: PageRequest): Promise<Page<OrderSummary>> {
    return this.#database.read(async (tx) => {
      const wanted: [column: string, value: string | undefined][] = [
        ["user_id", filter.userId],
        ["customer_id", filter.customerId],
        ["email_folded", folded(filter.email)],
        ["number", filter.number],
        ["status", filter.status],
        ["payment_status", filter.paymentStatus],
        ["fulfillment_status", filter.fulfillmentStatus],
        ["return_status", filter.returnStatus],
      ];
      const given = wanted.filter(([, value]) => value !== undefined && value !== "");
      const conditions = given.map(([column], index) => `and ${column} = $${index + 2}`).join(" ");
      const sql = `select * from orders where tenant_id = $1 ${conditions}`;
      const parameters = [tx.tenantId, ...given.map(([, value]) => value)];
      const { items, nextPageToken } = await listPage<OrderRow & Record<string, unknown>>(tx, {
        sql,
        parameters,
        order: SORTS[sort],
        page,
      });
      return { items: items.map(toSummary), nextPageToken };
    });
  }

  listHistory(orderId: string): Promise<PastHappening[]> {
    const sql = `select what, detail, actor_id as "actorId", at from history where tenant_id = $1 and order_id = $2 order by id`;
    return this.#database.read((tx) => tx.query<PastHappening>(sql, [tx.tenantId, orderId]));
  }

  async addNote({ id, orderId, text, authorId, createdAt }: Note): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const sql = `insert into notes (id, tenant_id, order_id, text, author_id, created_at)
        select $3, $1, id, $4, $5, $6 from orders where tenant_id = $1 and id = $2 returning id`;
      const added = await tx.query(sql, [tx.tenantId, orderId, id, text, authorId, createdAt]);
      if (added.length === 0) throw orderNotFound(orderId);
      await this.#events.noted(tx, orderId, id);
    });
  }

  listNotes(orderId: string, page: PageRequest): Promise<Page<Note>> {
    return this.#database.read(async (tx) => {
      const sql = `select id, order_id as "orderId", text, author_id as "authorId", created_at as "createdAt" from notes where tenant_id = $1 and order_id = $2`;
      const order = [
        { by: "createdAt", direction: "desc" },
        { by: "id", direction: "desc" },
      ] as const;
      return listPage<Note & Record<string, unknown>>(tx, { sql, parameters: [tx.tenantId, orderId], order, page });
    });
  }
}

async function findOrder(tx: Transaction, id: string): Promise<Order | undefined> {
  const [row] = await tx.query<FullOrderRow>(FIND, [tx.tenantId, id]);
  return row === undefined ? undefined : toOrder(row);
}

async function lockOrder(tx: Transaction, id: string): Promise<Order | undefined> {
  const [row] = await tx.query<FullOrderRow & { seen: number }>(LOCK, [tx.tenantId, id]);
  if (row === undefined) return undefined;
  return row.seen === row.version ? toOrder(row) : findOrder(tx, id);
}

/** People act in requests; in sagas and subscribers it is the platform. */
function historyOf(happenings: readonly Happening[], at: Date): object[] {
  const actorId = currentContext()?.user?.id ?? "";
  return happenings.map((happening) => historyJson(happening, actorId, at));
}
