import { timestampFromDate, timestampNow } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ShipmentDeliveredSchema, ShipmentShippedSchema } from "@plinth/proto/shipping/v1/events_pb";
import { type NotificationHarness, startNotification } from "./notification-harness.ts";

let n: NotificationHarness;
beforeAll(async () => {
  n = await startNotification({}, "shipping");
}, 60_000);
afterAll(() => n?.harness.stop());

let made = 0;
function aShipment(change: { trackingUrl?: string; name?: string; locale?: string } = {}) {
  const { trackingUrl = "https://track.example/1Z", name = "Cup", locale = "en" } = change;
  return {
    shipmentId: `shp_${++made}`,
    orderId: `ord_${made}`,
    orderNumber: `7K3M9-${made}`,
    email: `guest${made}@example.com`,
    locale,
    carrierName: "USPS",
    trackingNumber: "1Z",
    trackingUrl,
    items: [{ orderLineId: "oln_1", sku: "CUP", quantity: 2n, name }],
    shippedAt: timestampNow(),
    estimatedDelivery: timestampFromDate(new Date("2026-12-24T12:00:00Z")),
  };
}

test("a shipment is told with its way to follow it", async () => {
  const shipment = aShipment();
  await n.publish(ShipmentShippedSchema, shipment);
  const { subject, text, html } = await n.mailTo(shipment.email);
  expect(subject).toBe(`Your order ${shipment.orderNumber} is on its way`);
  expect(text).toContain("with USPS, and should arrive by 2026-12-24");
  expect(text.split("\n")).toEqual(expect.arrayContaining(["2 × Cup", "Tracking number: 1Z", "https://track.example/1Z"]));
  expect(html).toContain('href="https://track.example/1Z"');
});

test.each(["javascript:alert(1)", "", 'https://x.example/"><script>'])("what cannot be a page is no link (%p)", async (trackingUrl) => {
  const shipment = aShipment({ trackingUrl, name: "<script>1</script>" });
  await n.publish(ShipmentShippedSchema, shipment);
  const { html } = await n.mailTo(shipment.email);
  expect(html).not.toMatch(/javascript:|<script/);
});

test("an arrival is told in the guest's language", async () => {
  const { shippedAt: deliveredAt, ...shipment } = aShipment({ locale: "de" });
  const { shipmentId, orderId, orderNumber, email, locale, items } = shipment;
  await n.publish(ShipmentDeliveredSchema, { shipmentId, orderId, orderNumber, email, locale, items, deliveredAt });
  const { subject, text } = await n.mailTo(email);
  expect(subject).toBe(`Deine Bestellung ${orderNumber} ist angekommen`);
  expect(text).toContain("2 × Cup");
  expect(await n.mailsTo(email)).toHaveLength(1);
});
