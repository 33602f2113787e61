import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { PaymentStatus } from "@plinth/proto/order/v1/order_pb";
import { State } from "@plinth/proto/payment/v1/payment_pb";
import { ShipmentStatus, ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";
import { type Shop, startShop } from "./shop.ts";

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ env: { ORDER_CAPTURE_WHEN: "on-shipment", ORDER_CAPTURE_BYHAND: "[]" } });
}, 120_000);
afterAll(() => shop.stop());

test("what is held is charged once, when the first parcel leaves", async () => {
  const order = await shop.buy(await shop.stocked(3), 2);
  expect(order).toMatchObject({ paymentStatus: PaymentStatus.AUTHORIZED, captured: { amount: 0n } });
  expect(await shop.payments().getIntent({ reference: order.id })).toMatchObject({ state: State.AUTHORIZED });
  const timeline = await shop.staff().getOrderTimeline({ id: order.id });
  expect(timeline.processes[0]?.steps).toContainEqual(expect.objectContaining({ step: "capture payment", outcome: "skipped" }));

  const shipping = shop.harness.client("shipping", ShippingService, { user: { id: "user_staff" } });
  const { shipments } = await eventually(
    () => shipping.listShipments({ orderId: order.id }),
    (page) => page.shipments.some(({ status }) => status === ShipmentStatus.READY),
  );
  await shipping.shipShipment({ id: shipments[0]?.id ?? "", trackingNumber: "T-1" });
  const paid = await eventually(
    () => shop.staff().getOrder({ id: order.id }),
    ({ paymentStatus }) => paymentStatus === PaymentStatus.PAID,
  );
  expect(paid.captured?.amount).toBe(paid.total?.amount);
  expect(await shop.payments().getIntent({ reference: order.id })).toMatchObject({ state: State.CAPTURED });
});
