import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { OpenDatabase } from "@plinth/kernel/database";
import type { Envelope } from "@plinth/kernel/events";
import { silentLogger } from "@plinth/kernel/logging";
import { type CountedDatabase, eventually, openCountedDatabase } from "@plinth/kernel/testing";
import { OrderCreatedSchema } from "@plinth/proto/order/v1/events_pb";
import { smtpChannel } from "../src/channels/smtp.ts";
import { orderMailer } from "../src/domain/order-mail.ts";
import { deliverer } from "../src/jobs/deliver.ts";
import { startSink } from "../src/sink/start-sink.ts";
import { attemptStore } from "../src/store/attempt-store.ts";
import { DeliveryEntity } from "../src/store/entities.ts";
import { sinkMailStore } from "../src/store/sink-mail-store.ts";
import { storesIn } from "../src/store/stores.ts";
import { onOrderCreated } from "../src/subscribers/on-order-created.ts";
import { loadTemplates } from "../src/templates/load-templates.ts";
import { type NotificationHarness, startNotification } from "./notification-harness.ts";

let n: NotificationHarness;
let database: OpenDatabase;
let counted: CountedDatabase["counted"];

beforeAll(async () => {
  n = await startNotification();
  const url = n.harness.databaseUrl("notification");
  ({ database, counted } = await openCountedDatabase({ url, schema: "notification", entities: [DeliveryEntity] }));
}, 60_000);
afterAll(async () => {
  await database.close();
  await n.harness.stop();
});

test("what the mail of an order costs does not grow with its lines", async () => {
  const queued: string[] = [];
  const prepareJob = (_tx: unknown, _name: string, { id }: { id: string }) => {
    queued.push(id);
    return { subquery: () => "select ''::text as id", values: [] };
  };
  const outlets = { prepareJob, publish: async () => {}, audit: async () => {} } as unknown as Parameters<typeof storesIn>[1];
  const templates = database.remember();
  const stores = storesIn(await loadTemplates(new URL("../templates", import.meta.url).pathname), outlets, templates);
  const mail = orderMailer(
    () => ({ recipientLimit: { requests: 60, perMs: 3_600_000 }, allowPrivateWebhooks: false }),
    () => new Date(),
  );
  const onCreated = onOrderCreated(stores, mail);

  const settings = { enabled: true, host: "127.0.0.1", smtpPort: 0, webPort: 0, keep: 5 };
  const sink = await startSink(
    settings,
    sinkMailStore(database, () => settings.keep),
    silentLogger,
  );
  const smtp = { host: "127.0.0.1", port: sink.smtpPort, secure: false, from: "a@example.com" };
  const email = smtpChannel(() => smtp);
  const channels = { email: email.deliver, webhook: email.deliver, "in-app": email.deliver };
  const deliver = deliverer(attemptStore(database, outlets), channels, () => ({ attempts: 1, initialMs: 1, maxMs: 1 }), silentLogger);

  const find = (name: string) => database.read((tx) => stores(tx).templates.findTemplate(name));
  const costs = async (eventId: string, lines: number, userId = "") => {
    await eventually(async () => (await counted(() => find("order-created"))) === 0);
    const event = create(OrderCreatedSchema, {
      ...{ orderId: "ord_1", number: "N-1", email: "guest@example.com", locale: "en", userId },
      lines: Array.from({ length: lines }, () => ({ sku: "CUP", quantity: 1n })),
    });
    const accept = await counted(() => database.transaction((tx) => onCreated(event, tx, { eventId } as Envelope)));
    const id = queued.at(-1) ?? "";
    return { accept, deliver: await counted(() => deliver({ id }, { signal: new AbortController().signal })) };
  };
  try {
    // Connections that are new are told the tenant first.
    await costs("evt_0", 1);
    const one = await costs("evt_1", 1);
    expect(await costs("evt_2", 90)).toEqual(one);
    // Accept: begin; key and recipient; the message, its job and its share; commit. Deliver: claim, the sink's insert, the result.
    expect(one).toEqual({ accept: 4, deliver: 3 });
    // Contact and preferences.
    await database.statement((tx) => tx.query("insert into contacts values ('user_1', 'default', 'user@example.com', 'Ada', 'en')"));
    expect(await costs("evt_3", 1, "user_1")).toEqual({ accept: 6, deliver: 3 });
    const [log] = await database.read((tx) => tx.query("select count(*)::int as sent from deliveries where status = 'sent'"));
    expect(log).toEqual({ sent: 4 });
  } finally {
    email.close();
    await sink.close();
  }
});
