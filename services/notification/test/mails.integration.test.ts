import { timestampNow } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openDatabase } from "@plinth/kernel/database";
import { silentLogger } from "@plinth/kernel/logging";
import { eventually } from "@plinth/kernel/testing";
import {
  UserCreatedSchema,
  UserDeletedSchema,
  UserEmailVerifiedSchema,
  UserPasswordChanged_Cause,
  UserPasswordChangedSchema,
  UserUpdatedSchema,
} from "@plinth/proto/identity/v1/events_pb";
import { Channel, DeliveryStatus } from "@plinth/proto/notification/v1/notification_pb";
import type { EntitySchema } from "typeorm";
import { newDelivery } from "../src/domain/delivery.ts";
import { deliveryStore } from "../src/store/delivery-store.ts";
import { DeliveryEntity } from "../src/store/entities.ts";
import { Retention } from "../src/store/retention.ts";
import { type NotificationHarness, startNotification } from "./notification-harness.ts";

let n: NotificationHarness;

beforeAll(async () => {
  n = await startNotification({ NOTIFICATION_RECIPIENT_LIMIT_REQUESTS: "3" });
}, 60_000);
afterAll(() => n?.harness.stop());

let counter = 0;
const anAddress = () => `person${++counter}@example.com`;
const TOKEN = "tok-EN_123456";
const LINK = `http://localhost:8080/verify-email?token=${TOKEN}`;

/** As identity asks for it. */
const verification = (email: string, over: { locale?: string; dedupeKey?: string; userId?: string } = {}) =>
  n.identity.sendTemplate({
    template: "verify-email",
    recipient: { userId: over.userId ?? "user_1", email, locale: over.locale ?? "en" },
    variables: { token: TOKEN, link: LINK, first_name: "Ada", email },
    channels: [Channel.EMAIL],
    dedupeKey: over.dedupeKey ?? "",
  });

/** Began an hour ago, and ends in eleven. */
function quietNow() {
  const timeOfDay = (hours: number) => new Date(Date.now() + hours * 60 * 60_000).toISOString().slice(11, 16);
  return { start: timeOfDay(-1), end: timeOfDay(11), timeZone: "UTC" };
}

/** The module's database, for what no call reaches. */
const openStore = (entities: EntitySchema[] = []) =>
  openDatabase({
    url: n.harness.databaseUrl("notification"),
    schema: "notification",
    entities,
    logger: silentLogger,
    pool: { max: 3, min: 0, idleSeconds: 1, lifetimeSeconds: 60, acquireSeconds: 5 },
  });

const delivery = (id: string) => n.as("user_admin").getDelivery({ id });
const stateOf = (id: string) =>
  eventually(
    () => delivery(id),
    ({ status }) => status !== DeliveryStatus.PENDING,
  );

test("a verification mail arrives with the link on a line of its own, and the log does not show it", async () => {
  const email = anAddress();
  const { deliveries, duplicate } = await verification(email);
  expect(duplicate).toBe(false);
  const mail = await n.mailTo(email, "VERIFY");
  expect(mail.text.split("\n")).toContain(LINK);
  expect(mail.html).toContain(`href="http://localhost:8080/verify-email?token&#x3D;${TOKEN}"`);
  expect(mail.subject).toBe("Verify your email address");
  const log = await stateOf(deliveries[0]?.id ?? "");
  expect(log).toMatchObject({ status: DeliveryStatus.SENT, attempts: 1, template: "verify-email", templateVersion: 1 });
  expect(log.destination).toBe("p…@example.com");
  expect(JSON.stringify(log, (_, value) => (typeof value === "bigint" ? String(value) : value))).not.toContain(TOKEN);
});

test("the log shows no subject that may hold a code", async () => {
  const email = anAddress();
  const code = { channel: Channel.EMAIL, recipient: { email }, subject: "Your code is 4711", text: "x", category: "security" };
  const { deliveries } = await n.platform.send(code);
  expect(deliveries[0]?.subject).toBe("…");
  expect((await n.mailTo(email)).subject).toBe("Your code is 4711");
});

test("a mail names its delivery as Message-ID", async () => {
  const email = anAddress();
  const { deliveries } = await verification(email);
  const { id } = await n.mailTo(email);
  const raw = await (await fetch(`${n.sinkUrl}/api/mails/${id}/raw`)).text();
  expect(raw).toContain(`Message-ID: <${deliveries[0]?.id}@plinth.local>`);
});

test("a dedupe key sends one mail, also when two ask at once", async () => {
  const email = anAddress();
  const answers = await Promise.all([1, 2, 3].map(() => verification(email, { dedupeKey: "key-1" })));
  expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  expect(new Set(answers.map(({ deliveries }) => deliveries[0]?.id)).size).toBe(1);
  await stateOf(answers[0]?.deliveries[0]?.id ?? "");
  expect(await n.mailsTo(email)).toHaveLength(1);
  // The first answer holds, also where the same could not be sent any more.
  const recipient = { email };
  const later = await n.identity.sendTemplate({ template: "gone-since", recipient, dedupeKey: "key-1" });
  expect(later).toMatchObject({ duplicate: true, deliveries: [{ id: answers[0]?.deliveries[0]?.id }] });
  const unknown = n.identity.sendTemplate({ template: "gone-since", recipient, dedupeKey: "key-2" });
  await expect(unknown).rejects.toMatchObject({ reason: "TEMPLATE_NOT_FOUND" });
  const other = await n.platform.send({
    channel: Channel.EMAIL,
    recipient: { email },
    subject: "x",
    text: "x",
    category: "news",
    dedupeKey: "key-1",
  });
  expect(other.duplicate).toBe(false);
});

test("a template speaks the recipient's language, and English where it knows no other", async () => {
  const [swiss, french] = [anAddress(), anAddress()];
  await verification(swiss, { locale: "de-CH" });
  await verification(french, { locale: "fr" });
  expect((await n.mailTo(swiss)).subject).toBe("Bestätige deine E-Mail-Adresse");
  expect((await n.mailTo(french)).subject).toBe("Verify your email address");
});

test("a missing variable, an unknown template and a channel that is not served are refused by name", async () => {
  const order = { template: "verify-email", recipient: { email: anAddress() }, channels: [Channel.EMAIL] };
  await expect(n.platform.sendTemplate(order)).rejects.toMatchObject({ fieldErrors: { "variables.link": expect.anything() } });
  await expect(n.platform.sendTemplate({ ...order, template: "none" })).rejects.toMatchObject({ reason: "TEMPLATE_NOT_FOUND" });
  await expect(n.platform.sendTemplate({ ...order, channels: [Channel.SMS] })).rejects.toMatchObject({
    code: "BAD_REQUEST",
    reason: "CHANNEL_UNAVAILABLE",
    metadata: { channel: "sms" },
  });
  const push = n.platform.send({ channel: Channel.PUSH, recipient: { pushToken: "x" }, subject: "x", text: "x", category: "news" });
  await expect(push).rejects.toMatchObject({ reason: "CHANNEL_UNAVAILABLE" });
  const nowhere = n.platform.send({
    channel: Channel.EMAIL,
    recipient: { userId: "user_unknown" },
    subject: "x",
    text: "x",
    category: "news",
  });
  await expect(nowhere).rejects.toMatchObject({ fieldErrors: { "recipient.email": expect.anything() } });
});

test("a value with line breaks makes no header", async () => {
  const email = anAddress();
  const period = "May\r\nBcc: eve@example.com\r\n\r\nbody";
  await n.platform.sendTemplate({ template: "digest", recipient: { email }, variables: { first_name: "", period, items: [] } });
  const { id, to, subject } = await n.mailTo(email);
  expect({ to, subject }).toEqual({ to: [email], subject: "What is new: May Bcc: eve@example.com body" });
  const raw = await (await fetch(`${n.sinkUrl}/api/mails/${id}/raw`)).text();
  expect(raw.split("\r\n\r\n")[0]).not.toMatch(/^Bcc:/m);
});

test("a recipient gets no more than its share, but every mail about security", async () => {
  const email = anAddress();
  const news = () => n.platform.send({ channel: Channel.EMAIL, recipient: { email }, subject: "News", text: "x", category: "news" });
  const answers = await Promise.allSettled(Array.from({ length: 5 }, news));
  expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  await expect(news()).rejects.toMatchObject({ code: "RATE_LIMITED", reason: "RECIPIENT_RATE_LIMITED" });
  await expect(verification(email.toUpperCase())).resolves.toMatchObject({ duplicate: false });
});

const published = () => ({ createdAt: timestampNow(), updatedAt: timestampNow(), verifiedAt: timestampNow(), changedAt: timestampNow() });

async function aUser(over: { locale?: string } = {}) {
  const userId = `user_${++counter}`;
  const email = anAddress();
  await n.publish(UserCreatedSchema, { ...published(), userId, email, firstName: "Ada", locale: over.locale ?? "en" });
  return { userId, email };
}

test("what is learnt from events is enough to write to a user", async () => {
  const { userId, email } = await aUser({ locale: "de" });
  await n.publish(UserEmailVerifiedSchema, { ...published(), userId, email });
  const welcome = await n.mailTo(email);
  expect(welcome.subject).toBe("Willkommen");
  expect(welcome.text).toContain("Hallo Ada,");

  const moved = anAddress();
  await n.publish(UserUpdatedSchema, { ...published(), userId, email: moved, firstName: "Ada", locale: "en" });
  await n.publish(UserEmailVerifiedSchema, { ...published(), userId, email: moved });
  await n.publish(UserPasswordChangedSchema, { ...published(), userId, cause: UserPasswordChanged_Cause.RESET });
  const changed = await n.mailTo(moved);
  expect(changed.subject).toBe("Your password was changed");
  expect(changed.text).toMatch(/set anew by a reset mail on \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
  // Its address was verified anew, before the password changed: that is no second welcome.
  expect(await n.mailsTo(moved)).toHaveLength(1);
});

test("a deleted user is forgotten, and what waited is not sent", async () => {
  const { userId, email } = await aUser();
  await eventually(
    () =>
      n.platform.send({ channel: Channel.EMAIL, recipient: { userId }, subject: "Hi", text: "x", category: "news" }).then(
        () => true,
        () => false,
      ),
    (known) => known,
  );
  await n.mailTo(email);
  await n.as(userId).updatePreferences({ preferences: { quietHours: quietNow() } });
  const late = { channel: Channel.EMAIL, recipient: { userId }, subject: "Waits", text: "x", category: "news" };
  const [waiting] = (await n.platform.send(late)).deliveries;
  await n.publish(UserDeletedSchema, { userId, deletedAt: timestampNow() });
  const { deliveries } = await eventually(
    () => n.as("user_admin").listDeliveries({ userId }),
    (log) => log.deliveries.every(({ destination }) => destination === ""),
  );
  expect(deliveries.map(({ subject }) => subject)).toEqual(["", ""]);
  expect(await delivery(waiting?.id ?? "")).toMatchObject({ status: DeliveryStatus.FAILED, lastError: "the user was deleted" });
  await expect(n.as("user_admin").redeliverDelivery({ id: deliveries[0]?.id ?? "" })).rejects.toMatchObject({ reason: "CONTENT_EXPIRED" });
  expect((await n.as(userId).getPreferences({})).quietHours).toBeUndefined();
});

test("what is unwanted is not sent, and in quiet hours all but security waits", async () => {
  const userId = `user_${++counter}`;
  const email = anAddress();
  const send = (category: string) =>
    n.platform.send({ channel: Channel.EMAIL, recipient: { userId, email }, subject: category, text: "x", category });
  const channels = [{ category: "news", channel: Channel.UNSPECIFIED, enabled: false }];
  const quietHours = quietNow();
  await n.as(userId).updatePreferences({ preferences: { channels, quietHours } });
  expect((await send("news")).deliveries).toEqual([]);
  const [waiting] = (await send("offers")).deliveries;
  expect(waiting).toMatchObject({ status: DeliveryStatus.PENDING });
  expect(Number(waiting?.nextAttemptAt?.seconds)).toBeGreaterThan(Date.now() / 1000 + 10 * 60 * 60);
  await send("security");
  expect((await n.mailTo(email)).subject).toBe("security");
  expect(await n.mailsTo(email)).toHaveLength(1);

  const off = n.as(userId).updatePreferences({ preferences: { channels: [{ category: "security", enabled: false }] } });
  await expect(off).rejects.toMatchObject({ fieldErrors: { "preferences.channels[0]": expect.anything() } });
  const mars = n.as(userId).updatePreferences({ preferences: { quietHours: { ...quietHours, timeZone: "Mars/Base" } } });
  await expect(mars).rejects.toMatchObject({ fieldErrors: { "preferences.quiet_hours.time_zone": expect.anything() } });
});

test("what is in the log is delivered once more, as long as its content is kept, and only in its tenant", async () => {
  const email = anAddress();
  const { deliveries } = await verification(email);
  const id = deliveries[0]?.id ?? "";
  await stateOf(id);
  const admin = n.as("user_admin");
  const again = await admin.redeliverDelivery({ id });
  expect(again.id).not.toBe(id);
  await stateOf(again.id);
  const mails = await n.mailsTo(email);
  expect(mails.map(({ text }) => text.includes(LINK))).toEqual([true, true]);

  await expect(n.as("user_admin", "acme").getDelivery({ id })).rejects.toMatchObject({ code: "NOT_FOUND", reason: "DELIVERY_NOT_FOUND" });
  const database = await openStore();
  try {
    const retention = new Retention(database, { enqueue: async () => "" });
    await retention.removeOld(30 * 86_400_000, new Date());
    await admin.redeliverDelivery({ id });
    await retention.removeOld(30 * 86_400_000, new Date(Date.now() + 31 * 86_400_000));
  } finally {
    await database.close();
  }
  await expect(admin.redeliverDelivery({ id })).rejects.toMatchObject({ code: "CONFLICT", reason: "CONTENT_EXPIRED" });
});

test("of two messages at once that would fill a share, the second waits for the first, and is refused", async () => {
  const database = await openStore([DeliveryEntity]);
  const prepareJob = () => ({ subquery: () => "select ''::text as id", values: [] });
  const outlets = { enqueue: async () => "", prepareJob, publish: async () => {}, audit: async () => {} };
  const limit = { requests: 1, perMs: 60_000 };
  const email = anAddress();
  const content = { subject: "x", text: "x", html: "", data: undefined };
  const about = { channel: "email", userId: "", template: "", templateVersion: 0, category: "news", subjectSource: undefined } as const;
  const send = (beforeCommit: () => Promise<unknown>) =>
    database.transaction(
      async (tx) => {
        const store = deliveryStore(tx, outlets);
        const now = new Date();
        const outgoing = newDelivery({ ...about, tenantId: tx.tenantId, destination: email, content, dueAt: now }, now);
        await store.claim("", [outgoing.delivery], now);
        await store.insert(outgoing, "", limit);
        await beforeCommit();
      },
      { tenantId: "default" },
    );
  const waiters = () =>
    database.read((tx) => tx.query("select 1 from pg_locks where locktype = 'advisory' and not granted"), { tenantId: "default" });
  try {
    let second: Promise<unknown> = Promise.resolve();
    await send(async () => {
      second = send(async () => {}).catch((error: unknown) => error);
      await Promise.race([second, eventually(waiters, ({ length }) => length > 0)]);
    });
    expect(await second).toMatchObject({ reason: "RECIPIENT_RATE_LIMITED" });
  } finally {
    await database.close();
  }
});
