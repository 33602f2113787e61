import { timestampNow } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { OrderCanceledSchema, OrderCreatedSchema, OrderPaidSchema, OrderRefundedSchema } from "@plinth/proto/order/v1/events_pb";
import { type NotificationHarness, startNotification } from "./notification-harness.ts";

let n: NotificationHarness;
beforeAll(async () => {
  n = await startNotification({}, "order");
}, 60_000);
afterAll(() => n?.harness.stop());

let made = 0;
/** A guest's order. */
function anOrder() {
  const number = `7K3M9-${++made}`;
  return { orderId: `ord_${made}`, number, email: `guest${made}@example.com` };
}

const money = (amount: bigint, currency = "EUR") => ({ amount, currency });

function aCreated(order: ReturnType<typeof anOrder>, change: { currency?: string; name?: string; lines?: number; locale?: string } = {}) {
  const { currency = "EUR", name = "Cup", lines = 1, locale = "en" } = change;
  const line = { sku: "CUP", quantity: 2n, unitPrice: money(1250n, currency), gross: money(2500n, currency) };
  return {
    ...order,
    currency,
    locale,
    lines: Array.from({ length: lines }, (_, index) => ({ ...line, lineId: `oln_${index}`, name: `${name} ${index + 1}` })),
    shippingAddress: { name: "Ada Lovelace", line1: "Main Street 1", postalCode: "10115", city: "Berlin", country: "DE" },
    shippingName: "Parcel",
    shipping: money(490n, currency),
    tax: money(477n, currency),
    total: money(2990n, currency),
    createdAt: timestampNow(),
  };
}

test("an order is confirmed to its guest, in the guest's language, with lines and totals", async () => {
  const order = anOrder();
  await n.publish(OrderCreatedSchema, aCreated(order, { locale: "de-AT" }));
  const { subject, text, html } = await n.mailTo(order.email);
  expect(subject).toBe(`Deine Bestellung ${order.number}`);
  const lines = text.split("\n");
  for (const line of [
    "Hallo Ada Lovelace,",
    "2 × Cup 1: 25.00 EUR",
    "Versand (Parcel): 4.90 EUR",
    "Summe: 29.90 EUR",
    "Enthaltene Steuer: 4.77 EUR",
  ]) {
    expect(lines).toContain(line);
  }
  expect(text).toContain("Main Street 1\n10115 Berlin\nDE");
  expect(html).toContain("29.90 EUR");
});

test.each([
  ["JPY", "2500 JPY", "2990 JPY"],
  ["KWD", "2.500 KWD", "2.990 KWD"],
])("%s is told with its own digits", async (currency, line, total) => {
  const order = anOrder();
  await n.publish(OrderCreatedSchema, aCreated(order, { currency }));
  const { text } = await n.mailTo(order.email);
  expect(text).toContain(`2 × Cup 1: ${line}`);
  expect(text).toContain(`Total: ${total}`);
});

test("whatever a product is called, in HTML it is text", async () => {
  const order = anOrder();
  await n.publish(OrderCreatedSchema, aCreated(order, { name: '<img src=x onerror="alert(1)">{{total}}' }));
  const { html, text } = await n.mailTo(order.email);
  expect(html).not.toContain("<img");
  expect(html).toContain("&lt;img");
  expect(text).toContain('<img src=x onerror="alert(1)">{{total}} 1');
});

test("of a thousand long lines the mail shows a hundred, and says how many there are more", async () => {
  const order = anOrder();
  await n.publish(OrderCreatedSchema, aCreated(order, { lines: 1000, name: "<&>".repeat(150) }));
  const { html, text } = await n.mailTo(order.email);
  expect(text.match(/^2 × /gm)).toHaveLength(100);
  expect(text).toContain("… and 900 more");
  expect(html.match(/2 × /g)).toHaveLength(100);
});

test("payment, refund and cancellation are told, each once per event, and nobody learns the shop's reasons", async () => {
  const order = anOrder();
  const reason = "suspicious buyer";
  await n.publish(OrderPaidSchema, { ...order, paid: money(2990n), paidAt: timestampNow(), locale: "en" });
  expect((await n.mailTo(order.email, "paid")).text).toContain(`29.90 EUR for your order ${order.number}`);

  const refund = { refundId: "ref_1", amount: money(1000n), refunded: money(1500n), total: money(2990n), refundedAt: timestampNow() };
  await n.publish(OrderRefundedSchema, { ...order, ...refund, reason, locale: "en" });
  const refunded = await n.mailTo(order.email, "back to you");
  expect(refunded.text).toContain("15.00 EUR of 29.90 EUR");

  await n.publish(OrderCanceledSchema, { ...order, reason, canceledAt: timestampNow(), locale: "de" });
  const canceled = await n.mailTo(order.email, "storniert");
  expect(canceled.subject).toBe(`Deine Bestellung ${order.number} ist storniert`);
  expect(`${refunded.text}${refunded.html}${canceled.text}${canceled.html}`).not.toContain(reason);
  expect(await n.mailsTo(order.email)).toHaveLength(3);
});
