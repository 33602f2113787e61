import { setTimeout as delay } from "node:timers/promises";
import { PlinthError } from "@plinth/kernel/base";
import type { KilledProcesses, ServiceProcess } from "@plinth/kernel/testing";
import { CheckoutStatus } from "@plinth/proto/order/v1/order_pb";
import { Pool } from "pg";
import { type SimulatorProcess, startSimulatorProcess } from "../../payment/test/simulator.ts";
import { type Bait, type Gates, openGates } from "./gates.ts";
import { type Shop, startShop } from "./shop.ts";

/** What came of a checkout, as its buyer was told in the end. */
export type Outcome = { readonly orderId: string } & ({ readonly placed: true } | { readonly placed: false; readonly reason: string });

export interface Buyer {
  readonly cartId: string;
  readonly key: string;
  readonly payment: { readonly provider: string; readonly methodToken?: string; readonly returnUrl?: string };
  /** What the customer does at the bank, where they must go there. */
  readonly atTheBank?: "success" | "failure" | "leaves";
  /** How long the buyer waits for the first answer, ms; then they ask again. */
  readonly patienceMs?: number;
}

/** A shop whose order, inventory and payment run in processes that are killed, and the simulator of Stripe, which lives on. */
export interface KilledShop extends Shop {
  readonly stripe: SimulatorProcess;
  readonly gates: Gates;
  of(module: "order" | "inventory" | "payment"): KilledProcesses;
  /** So many more carts like this one. */
  copies(cartId: string, count: number): Promise<string[]>;
  /** Asks until there is an answer, of one process after the other; first of this one. */
  checkOut(buyer: Buyer, first?: ServiceProcess): Promise<Outcome>;
  /** Kills a process of order in the middle of these checkouts, which are under way; with help nobody waits for the leases of the dead to end. */
  killAmid(victim: ServiceProcess, baits: readonly Bait[], options: KillOptions): Promise<ReadonlySet<string>>;
  killOther(module: "inventory" | "payment"): Promise<void>;
  /** Sends what the simulator holds back. */
  deliver(order: "made" | "reversed", copies: number): Promise<void>;
}

export interface KillOptions {
  readonly random: () => number;
  readonly helps: boolean;
  /** Starts the checkouts of these carts, at the victim. */
  start(baits: readonly Bait[]): void;
  /** Carts whose checkouts have ended, and so will not come to their points. */
  ended(): ReadonlySet<string>;
  /** Meanwhile, before anybody is killed. */
  meanwhile?(): Promise<void>;
}

const SECRET = "whsec_of_the_test";
/** What went wrong on our side: whoever asks again, under the same key, makes another attempt. */
const RETRIED: ReadonlySet<string> = new Set(["SERVICE_UNAVAILABLE", "TIMEOUT", "DEPENDENCY_FAILED", "INTERNAL_ERROR"]);
/** Spec: whatever died, a minute later it is settled. Beside it the time that kills themselves take on a busy machine. */
const GIVE_UP_AFTER_MS = 120_000;
/** How long is waited for all to come to their points. */
const ARRIVE_WITHIN_MS = 10_000;

export async function startKilledShop(counts: Readonly<Record<string, number>>, random: () => number): Promise<KilledShop> {
  const stripe = await startSimulatorProcess();
  const shop = await startShop({
    processes: { counts, random },
    env: {
      PAYMENT_STRIPE_URL: stripe.url,
      PAYMENT_STRIPE_SECRET_KEY: "sk_test_simulator",
      PAYMENT_STRIPE_WEBHOOK_SECRET: SECRET,
      PAYMENT_STRIPE_TIMEOUT: "2s",
      PAYMENT_RECOVERY_AFTER: "5s",
      PAYMENT_RECOVERY_EVERY: "500ms",
      ORDER_CHECKOUT_CUSTOMERTIME: "3s",
    },
  });
  const pool = new Pool({ connectionString: shop.harness.adminUrl, max: 6 });
  pool.on("error", () => undefined);
  const gates = await openGates(pool);
  const of = (module: string): KilledProcesses => {
    const processes = shop.processes.get(module);
    if (processes === undefined) throw new Error(`${module} does not run in processes.`);
    return processes;
  };
  let copied = 0;

  async function pointWebhooks(): Promise<void> {
    if (counts.payment === undefined) return;
    const headers = { "x-service-token": await shop.harness.serviceToken("gateway", "payment") };
    const url = `${of("payment").any().httpUrl}/api/v1/payment/webhooks/stripe`;
    await stripe.control("POST", "webhooks", { url, secret: SECRET, headers, held: true });
  }
  await pointWebhooks();

  async function goToBank(orderId: string, outcome: string): Promise<void> {
    const [intent] = await shop.sql<{ id: string }>("select provider_id as id from payment.intents where reference = $1", [orderId]);
    if (intent !== undefined) await stripe.control("POST", `3ds/${intent.id}`, { outcome });
  }

  const killedShop: KilledShop = {
    ...shop,
    stripe,
    gates,
    of,
    async copies(cartId, count) {
      const ids = Array.from({ length: count }, () => `cart_copy${++copied}`);
      const like = (table: string, column: string) =>
        shop.sql(
          `insert into orders.${table} select (jsonb_populate_record(t, jsonb_build_object('${column}', new_id))).*
           from orders.${table} t, unnest($2::text[]) as new_id where t.${column} = $1`,
          [cartId, ids],
        );
      await like("carts", "id");
      await like("cart_items", "cart_id");
      return ids;
    },

    async checkOut({ cartId, key, payment, atTheBank = "success", patienceMs = 30_000 }, first) {
      const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
      let process = first;
      let timeoutMs = patienceMs;
      for (;;) {
        try {
          const orders = shop.orders({ process: process ?? of("order").any() });
          const { status, orderId } = await orders.placeOrder({ cartId, payment }, { idempotencyKey: key, timeoutMs });
          if (status === CheckoutStatus.PLACED) return { orderId, placed: true };
          if (status === CheckoutStatus.REQUIRES_ACTION && atTheBank !== "leaves")
            await goToBank(orderId, atTheBank).catch(() => undefined);
        } catch (error) {
          if (!(error instanceof PlinthError)) throw error;
          const { step, order_id: orderId = "" } = error.metadata;
          if (!RETRIED.has(error.code)) {
            if (step === undefined) throw error;
            return { orderId, placed: false, reason: error.reason };
          }
        }
        if (performance.now() > giveUpAt) throw new Error(`The checkout of ${cartId} never came to an end.`);
        process = undefined;
        timeoutMs = 30_000;
        await delay(100);
      }
    },

    async killAmid(victim, baits, { random, helps, start, ended, meanwhile }) {
      const isPrice = ({ point }: Bait) => point === "before do price";
      const isThere = (held: ReadonlySet<string>, wanted: readonly Bait[]) =>
        wanted.every(({ cartId }) => held.has(cartId) || ended().has(cartId));
      // Prices are locked for all, so whoever is held there comes last.
      const groups = [baits.filter((bait) => !isPrice(bait)), baits.filter(isPrice)].filter((group) => group.length > 0);
      const holding = [];
      const arrived = new Set<string>();
      for (const group of groups) {
        const held = await gates.hold(group);
        holding.push(held);
        start(group);
        if (holding.length === 1) await meanwhile?.();
        const goOnAt = performance.now() + ARRIVE_WITHIN_MS;
        let there = await held.arrived();
        // Who was held with a callee for longer than its step may take has gone on; then those die that are there.
        while (!isThere(there, group) && performance.now() < goOnAt) {
          await delay(20);
          there = await held.arrived();
        }
        for (const cartId of there) arrived.add(cartId);
      }
      const owners = (await Promise.all(holding.map((held) => held.owners()))).flat();
      await victim.kill();
      for (const held of holding.reverse()) await held.open(() => random() < 0.5);
      // Who is at a row in this moment is alive, and needs no help.
      const orphans = "select id from orders.sagas where owner::text = any ($1) and finished_at is null for update skip locked";
      if (helps) await shop.sql(`update orders.sagas set wake_at = now() where id in (${orphans})`, [owners]);
      await of("order").killOne(victim);
      return arrived;
    },

    async killOther(module) {
      await of(module).killOne();
      if (module === "inventory") return;
      // As if the time had passed that the dead had for their answers.
      await shop.sql("update payment.idempotency_keys set lease_until = now() where answer is null");
    },

    async deliver(order, copies) {
      await pointWebhooks();
      await stripe.control("POST", "webhooks/deliver", { order, copies });
    },

    async stop() {
      await pool.end();
      await shop.stop();
      await stripe.stop();
    },
  };
  return killedShop;
}
