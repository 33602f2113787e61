import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { defineService, type Service, type ServiceDefinition } from "@plinth/kernel/service";
import { eventually, type ServiceProcess, startHarness } from "@plinth/kernel/testing";
import { OrderCanceledSchema } from "@plinth/proto/order/v1/events_pb";
import { Client, Pool } from "pg";
import { SMTPServer } from "smtp-server";
import notification from "../src/index.ts";

/** The service in a process that is killed, between order's events and a mail server that answers as told. */
export interface KilledNotification {
  /** Message-IDs of the mails that reached the server, taken or not; a test empties it. */
  readonly arrived: string[];
  /** How the server answers the next mail; a rejection refuses it. */
  answerNext(answer: () => Promise<void>): void;
  /** An order of this guest is canceled: that is told by mail. */
  publish(email: string): Promise<void>;
  start(): Promise<ServiceProcess>;
  /** As superuser. */
  sql<Row = Record<string, unknown>>(statement: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Waits until the query finds something, or nothing. */
  found(query: string, parameters?: readonly unknown[]): Promise<void>;
  none(query: string, parameters?: readonly unknown[]): Promise<void>;
  /** Waits for a statement that waits for a lock. */
  waiting(statement: string): Promise<void>;
  /**
   * Takes a lock, one at a time; answers what gives it back. What waited for it is then carried out, although whoever sent it is dead: Postgres
   * learns of that later.
   */
  locked(lock: string, parameters?: readonly unknown[]): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

const WAITERS = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query ~ $1";

export async function startKilledNotification(): Promise<KilledNotification> {
  const arrived: string[] = [];
  let answer: (() => Promise<void>) | undefined;
  const mailServer = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    closeTimeout: 100,
    onData: async (stream, _session, done) => {
      arrived.push(/^Message-ID: (.+)$/m.exec(await text(stream))?.[1]?.trim() ?? "");
      const now = answer;
      answer = undefined;
      Promise.resolve(now?.()).then(() => done(), done);
    },
  });
  // A client dies in mid-work.
  mailServer.on("error", () => {});
  await once(mailServer.listen(0, "127.0.0.1"), "listening");
  const { port } = mailServer.server.address() as AddressInfo;

  let order: Service<unknown> | undefined;
  const publisher = defineService(new URL("../../order/src/index.ts", import.meta.url).href, (service) => {
    order = service;
  });
  const harness = await startHarness({
    services: [publisher, notification] as ServiceDefinition<never>[],
    inProcesses: ["notification"],
    env: { NOTIFICATION_SINK_ENABLED: "false", NOTIFICATION_SMTP_PORT: String(port), NOTIFICATION_RETRIES_INITIAL: "2s" },
  });
  const pool = new Pool({ connectionString: harness.adminUrl, max: 2 });
  const locker = new Client({ connectionString: harness.adminUrl });
  await locker.connect();

  const sql = async <Row>(statement: string, parameters: readonly unknown[] = []): Promise<Row[]> =>
    (await pool.query(statement, [...parameters])).rows as Row[];
  const comesTo = async (query: string, parameters: readonly unknown[], wished: (rows: number) => boolean): Promise<void> => {
    const ask = async () => (await sql(query, parameters)).length;
    await eventually(ask, wished);
  };
  const none: KilledNotification["none"] = (query, parameters = []) => comesTo(query, parameters, (rows) => rows === 0);
  const found: KilledNotification["found"] = (query, parameters = []) => comesTo(query, parameters, (rows) => rows > 0);
  let made = 0;
  return {
    arrived,
    sql,
    found,
    none,
    answerNext(wanted) {
      answer = wanted;
    },
    async publish(email) {
      const event = { orderId: `ord_${++made}`, number: `N-${made}`, email, locale: "en", reason: "x", canceledAt: timestampNow() };
      await order?.database.transaction(async (tx) => order?.publish(tx, OrderCanceledSchema, event));
    },
    start: () => harness.startProcess("notification"),
    waiting: (statement) => found(WAITERS, [statement]),
    async locked(lock, parameters = []) {
      await locker.query("begin");
      await locker.query(lock, [...parameters]);
      return async () => {
        await locker.query("rollback");
        await none(WAITERS, ["."]);
      };
    },
    async stop() {
      await locker.end();
      await pool.end();
      await harness.stop();
      await new Promise<void>((resolve) => mailServer.close(resolve));
    },
  };
}
