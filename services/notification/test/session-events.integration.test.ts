import { timestampNow } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SessionCreatedSchema, SessionReuseDetectedSchema } from "@plinth/proto/auth/v1/events_pb";
import { type NotificationHarness, startNotification } from "./notification-harness.ts";

let n: NotificationHarness;
beforeAll(async () => {
  n = await startNotification({}, "auth");
}, 60_000);
afterAll(() => n?.harness.stop());

test("a user is told of a new device and of a stolen session, and of nothing usual", async () => {
  const session = { userId: "user_1", sessionId: "sess_1", email: "ada@example.com", ipAddress: "203.0.113.7", userAgent: "Browser <1>" };
  await n.publish(SessionCreatedSchema, { ...session, newDevice: false, createdAt: timestampNow() });
  await n.publish(SessionCreatedSchema, { ...session, newDevice: true, createdAt: timestampNow() });
  await n.publish(SessionReuseDetectedSchema, { ...session, detectedAt: timestampNow() });
  const reuse = await n.mailTo("ada@example.com", "session");
  expect(reuse.text).toContain("203.0.113.7");
  const device = await n.mailTo("ada@example.com", "sign-in");
  expect(device.html).toContain("Browser &lt;1&gt;");
  expect(await n.mailsTo("ada@example.com")).toHaveLength(2);
});
