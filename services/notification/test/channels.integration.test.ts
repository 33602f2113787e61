import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually, freePort } from "@plinth/kernel/testing";
import { Channel, DeliveryStatus } from "@plinth/proto/notification/v1/notification_pb";
import { SMTPServer } from "smtp-server";
import { type NotificationHarness, startNotification } from "./notification-harness.ts";

let n: NotificationHarness;
let smtpPort: number;

beforeAll(async () => {
  smtpPort = await freePort();
  n = await startNotification({
    NOTIFICATION_SINK_ENABLED: "false",
    NOTIFICATION_SMTP_PORT: String(smtpPort),
    NOTIFICATION_RETRIES_ATTEMPTS: "3",
    NOTIFICATION_RETRIES_INITIAL: "100ms",
    NOTIFICATION_RETRIES_MAX: "1s",
    NOTIFICATION_WEBHOOK_ALLOW_PRIVATE: "true",
    NOTIFICATION_WEBHOOK_TIMEOUT: "500ms",
  });
}, 60_000);
afterAll(() => n?.harness.stop());

const delivery = (id: string) => n.as("user_admin").getDelivery({ id });
const ended = (id: string) =>
  eventually(
    () => delivery(id),
    ({ status }) => status !== DeliveryStatus.PENDING,
  );
const mail = async (email: string) => {
  const { deliveries } = await n.platform.send({
    channel: Channel.EMAIL,
    recipient: { email },
    subject: "Hi",
    text: "x",
    category: "news",
  });
  return deliveries[0]?.id ?? "";
};

/** A mail server that answers as told; the mails it took, as text. */
async function mailServer(options: { recipient?: (address: string) => void; data?: (raw: string) => void }) {
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo: ({ address }, _session, done) => answer(done, () => options.recipient?.(address)),
    onData: (stream, _session, done) => void text(stream).then((raw) => answer(done, () => options.data?.(raw))),
  });
  server.listen(smtpPort, "127.0.0.1");
  await once(server.server, "listening");
  return server;
}

function answer(done: (error?: Error | null) => void, work: () => void): void {
  try {
    work();
    done();
  } catch (error) {
    done(error as Error);
  }
}

const refuse = (responseCode: number) => Object.assign(new Error("no"), { responseCode });

test("a mail survives that the mail server is away", async () => {
  const id = await mail("away@example.com");
  await eventually(
    () => delivery(id),
    ({ lastError }) => lastError.includes("ECONNREFUSED"),
  );
  const taken: string[] = [];
  const server = await mailServer({ data: (raw) => taken.push(raw) });
  try {
    // Where its three attempts are over already, an operator delivers it once more.
    const { status } = await ended(id);
    if (status === DeliveryStatus.FAILED) await ended((await n.as("user_admin").redeliverDelivery({ id })).id);
    await eventually(
      async () => taken.length,
      (count) => count === 1,
    );
  } finally {
    await new Promise<void>((resolve) => server.close(resolve));
  }
});

test("a mail is tried again under the same Message-ID, given up after the last attempt, and at once where nothing helps", async () => {
  const ids: (string | undefined)[] = [];
  const server = await mailServer({
    recipient(address) {
      if (address.startsWith("nobody")) throw refuse(550);
    },
    data(raw) {
      ids.push(/^Message-ID: (.*)$/im.exec(raw)?.[1]);
      if (raw.includes("always") || ids.length === 1) throw refuse(451);
    },
  });
  try {
    const second = await ended(await mail("second@example.com"));
    expect(second).toMatchObject({ status: DeliveryStatus.SENT, attempts: 2 });
    expect(ids[0]).toBeDefined();
    expect(ids[0]).toBe(ids[1]);
    const nobody = await ended(await mail("nobody@example.com"));
    expect(nobody).toMatchObject({ status: DeliveryStatus.FAILED, attempts: 1 });
    const never = await ended(await mail("always@example.com"));
    expect(never).toMatchObject({ status: DeliveryStatus.FAILED, attempts: 3 });
    expect(never.lastError).toContain("451");
    expect(never.nextAttemptAt).toBeUndefined();
  } finally {
    await new Promise<void>((resolve) => server.close(resolve));
  }
});

interface Received {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function receiver(answerTo: (count: number) => number | undefined): Promise<{ url: string; received: Received[]; server: Server }> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) });
    const status = answerTo(received.length);
    if (status !== undefined) response.writeHead(status).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received, server };
}

const webhook = async (url: string) => {
  const order = { channel: Channel.WEBHOOK, recipient: { webhookUrl: url }, text: "Stock is low", category: "stock", data: { sku: "A-1" } };
  return (await n.platform.send(order)).deliveries[0]?.id ?? "";
};

test("a webhook is signed by the receiver's own key, and sent again until it is taken", async () => {
  const { url, received, server } = await receiver((count) => (count === 1 ? 503 : 204));
  const sent = await ended(await webhook(url));
  expect(sent).toMatchObject({ status: DeliveryStatus.SENT, attempts: 2, destination: `${new URL(url).origin}/…` });
  const { secret, origin } = await n.as("user_admin").getWebhookSecret({ url });
  expect(origin).toBe(new URL(url).origin);
  for (const { headers, body } of received) {
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
    expect(headers["webhook-id"]).toBe(sent.id);
    expect(JSON.parse(body)).toMatchObject({ type: "notification.stock", data: { sku: "A-1", text: "Stock is low" } });
  }
  const elsewhere = await n.as("user_admin").getWebhookSecret({ url: "http://127.0.0.1:1/" });
  expect(elsewhere.secret).not.toBe(secret);
  const again = await n.as("user_admin").redeliverDelivery({ id: sent.id });
  await ended(again.id);
  expect(received.at(-1)?.headers["webhook-id"]).toBe(again.id);
  server.close();
});

test("a webhook that nobody wants, or nobody answers, is given up", async () => {
  const gone = await receiver(() => 410);
  expect(await ended(await webhook(gone.url))).toMatchObject({ status: DeliveryStatus.FAILED, attempts: 1 });
  const silent = await receiver(() => undefined);
  const failed = await ended(await webhook(silent.url));
  expect(failed).toMatchObject({ status: DeliveryStatus.FAILED, attempts: 3, lastError: "webhook: no answer within 500 ms" });
  gone.server.close();
  silent.server.close();
  silent.server.closeAllConnections();
}, 15_000);
