import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Channel, DeliveryStatus } from "@plinth/proto/notification/v1/notification_pb";
import { eventually, type NotificationHarness, startNotification } from "./notification-harness.ts";

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
  n.platform.sendTemplate({
    template: "verify-email",
    recipient: { userId: over.userId ?? "user_1", email, locale: over.locale ?? "en" },
    variables: { token: TOKEN, link: LINK, first_name: "Ada", email },
    channels: [Channel.EMAIL],
    dedupeKey: over.dedupeKey ?? "",
  });

const stateOf = (id: string) =>
  eventually(
    () => n.as("user_admin").getDelivery({ id }),
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

test("a mail names its delivery as Message-ID", async () => {
  const email = anAddress();
  const { deliveries } = await verification(email);
  const { id } = await n.mailTo(email);
  const raw = await (await fetch(`${n.sinkUrl}/api/mails/${id}/raw`)).text();
  expect(raw).toContain(`Message-ID: <${deliveries[0]?.id}@plinth.local>`);
});
