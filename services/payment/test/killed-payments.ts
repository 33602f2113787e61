import { expect } from "@jest/globals";
import { PlinthError } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import { type KilledProcesses, type ServiceHarness, type ServiceProcess, startHarness, startKilledProcesses } from "@plinth/kernel/testing";
import { PaymentService } from "@plinth/proto/payment/v1/payment_pb";
import { Pool } from "pg";
import payment from "../src/index.ts";
import { type SimulatorProcess, startSimulatorProcess } from "./simulator.ts";

/** Minor units. */
export interface Amounts {
  readonly held: bigint;
  readonly charged: bigint;
  readonly refunded: bigint;
}

/** The service in processes that are killed, and the simulator. */
export interface KilledPayments {
  readonly simulator: SimulatorProcess;
  readonly processes: KilledProcesses;
  /** Of one process, or of any that lives. */
  client(process?: ServiceProcess): Client<typeof PaymentService>;
  sql<Row = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  readonly pool: Pool;
  /** Asks one process after the other until one answers. Throws what it refuses. */
  untilAnswered<T>(call: (client: Client<typeof PaymentService>) => Promise<T>): Promise<T>;
  /** As if the time had passed that the dead had for their work. */
  forgetTheDead(): Promise<void>;
  /** Waits until no call is under way or in doubt. */
  settled(): Promise<void>;
  /** Rows, ledger, Stripe's account and events that went out tell the same of each of these payments, to the cent, and of no other. */
  expectBooked(expected: ReadonlyMap<string, Amounts>): Promise<void>;
  /** Sends what the simulator holds back to a process. */
  deliver(order: "made" | "reversed", copies: number): Promise<void>;
  stop(): Promise<void>;
}

const SECRET = "whsec_of_the_test";
const GIVE_UP_AFTER_MS = 60_000;
const RETRIED: ReadonlySet<string> = new Set(["SERVICE_UNAVAILABLE", "TIMEOUT"]);

export async function startKilledPayments(env: Record<string, string>, count: number, random: () => number): Promise<KilledPayments> {
  const simulator = await startSimulatorProcess();
  const harness: ServiceHarness = await startHarness({
    services: [payment],
    inProcesses: ["payment"],
    env: {
      PAYMENT_STRIPE_URL: simulator.url,
      PAYMENT_STRIPE_SECRET_KEY: "sk_test_simulator",
      PAYMENT_STRIPE_WEBHOOK_SECRET: SECRET,
      ...env,
    },
  });
  const pool = new Pool({ connectionString: harness.adminUrl, max: 6 });
  pool.on("error", () => undefined);
  const processes = await startKilledProcesses(harness, "payment", count, random);
  const sql = async <Row>(text: string, parameters: readonly unknown[] = []) => (await pool.query(text, [...parameters])).rows as Row[];
  // A clerk: guests' keys are not kept.
  const client = (process = processes.any()) => harness.client("payment", PaymentService, { user: { id: "user_clerk" }, process });

  async function forgetTheDead(): Promise<void> {
    await sql("update payment.idempotency_keys set lease_until = now() where answer is null");
  }

  async function pointWebhooksAt(process: ServiceProcess): Promise<void> {
    const headers = { "x-service-token": await harness.serviceToken("gateway", "payment") };
    const url = `${process.httpUrl}/api/v1/payment/webhooks/stripe`;
    await simulator.control("POST", "webhooks", { url, secret: SECRET, headers, held: true });
  }
  await pointWebhooksAt(processes.any());

  return {
    simulator,
    processes,
    client,
    sql,
    pool,
    async untilAnswered(call) {
      const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
      for (;;) {
        try {
          return await call(client());
        } catch (error) {
          if (!(error instanceof PlinthError)) throw error;
          // The one who worked on it died.
          if (error.reason === "IDEMPOTENCY_IN_PROGRESS") await forgetTheDead();
          else if (!RETRIED.has(error.code)) throw error;
          if (performance.now() > giveUpAt) throw error;
        }
      }
    },
    forgetTheDead,
    async settled() {
      const open = `
        select 'operation' as what, id from payment.operations where status = 'pending'
        union all select 'payment', id from payment.intents where state = 'authorizing' or void_wanted`;
      await comesTo(async () => expect(await sql(open)).toEqual([]));
    },
    async expectBooked(expected) {
      const nothing = { held: 0n, charged: 0n, refunded: 0n };
      const byReference = (amounts: ReadonlyMap<string, Amounts>) =>
        Object.fromEntries(
          [...expected.keys(), ...amounts.keys()].sort().map((reference) => [reference, amounts.get(reference) ?? nothing]),
        );
      const wanted = byReference(expected);
      expect(byReference(await booksOf(sql, ROWS))).toEqual(wanted);
      expect(byReference(await booksOf(sql, LEDGER))).toEqual(wanted);
      expect(byReference(await stripeAccount(simulator.url))).toEqual(wanted);
      const moved = Object.fromEntries(Object.entries(wanted).map(([reference, amounts]) => [reference, { ...amounts, held: 0n }]));
      // They go out after the commit.
      await comesTo(async () => expect(byReference(await booksOf(sql, EVENTS))).toEqual(moved));
    },
    async deliver(order, copies) {
      await pointWebhooksAt(processes.any());
      await simulator.control("POST", "webhooks/deliver", { order, copies });
    },
    async stop() {
      await pool.end();
      await harness.stop();
      await simulator.stop();
    },
  };
}

/** Asks until it is so. */
async function comesTo(isSo: () => Promise<void>): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    try {
      return await isSo();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const ROWS = `
select reference, case state when 'authorized' then authorized - captured else 0 end as held, captured as charged, refunded from payment.intents`;

const LEDGER = `
select reference,
  coalesce(sum(p.amount) filter (where account = 'held'), 0) as held,
  coalesce(sum(p.amount) filter (where account = 'charged' and t.kind = 'capture'), 0) as charged,
  coalesce(-sum(p.amount) filter (where account = 'charged' and t.kind <> 'capture'), 0) as refunded
from payment.intents i left join payment.ledger_transactions t on t.intent_id = i.id
  left join payment.ledger_postings p on p.transaction_id = t.id group by 1`;

const EVENTS = `
select reference, 0 as held, coalesce(sum(amount) filter (where type = 'payment.captured'), 0) as charged,
  coalesce(sum(amount) filter (where type = 'payment.refunded'), 0) as refunded
from (
  select distinct on (event_id) envelope->'data'->>'reference' as reference, envelope->>'type' as type,
    (envelope->'data'->'amount'->>'amount')::bigint as amount
  from plinth_bus.log where envelope->>'type' like 'payment.%') told group by 1`;

type Sql = KilledPayments["sql"];

async function booksOf(sql: Sql, query: string): Promise<Map<string, Amounts>> {
  const rows = await sql<{ reference: string; held: string; charged: string; refunded: string }>(query);
  return new Map(
    rows.map(({ reference, held, charged, refunded }) => [
      reference,
      { held: BigInt(held), charged: BigInt(charged), refunded: BigInt(refunded) },
    ]),
  );
}

interface StripeIntent {
  readonly id: string;
  readonly amount_capturable: number;
  readonly amount_received: number;
  readonly metadata: Readonly<Record<string, string>>;
}

interface StripeRefund {
  readonly payment_intent: string;
  readonly amount: number;
  readonly status: string;
}

/** A payment that was tried twice has two intents there: they count together. */
async function stripeAccount(url: string): Promise<Map<string, Amounts>> {
  const list = async <T>(what: string) => {
    const response = await fetch(`${url}/v1/${what}?limit=1000000`, { headers: { authorization: "Bearer sk_test_simulator" } });
    return ((await response.json()) as { data: T[] }).data;
  };
  const refunds = Map.groupBy(await list<StripeRefund>("refunds"), ({ payment_intent }) => payment_intent);
  const sums = new Map<string, Amounts>();
  for (const { id, amount_capturable, amount_received, metadata } of await list<StripeIntent>("payment_intents")) {
    const reference = metadata.plinth_reference ?? "";
    const before = sums.get(reference) ?? { held: 0n, charged: 0n, refunded: 0n };
    const given = (refunds.get(id) ?? []).filter(({ status }) => status !== "failed");
    sums.set(reference, {
      held: before.held + BigInt(amount_capturable),
      charged: before.charged + BigInt(amount_received),
      refunded: given.reduce((sum, { amount }) => sum + BigInt(amount), before.refunded),
    });
  }
  return sums;
}
