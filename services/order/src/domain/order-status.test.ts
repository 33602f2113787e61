import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { aLine, anOrder, NOW, paid } from "../../test/an-order.ts";
import type { Order, Shipment } from "./order.ts";
import { recordPayment, recordShipment } from "./order-facts.ts";
import { cancelOrder } from "./order-moves.ts";
import { orderStatus, paymentStatus, statusesOf } from "./order-status.ts";

const aShipment = (change: Partial<Shipment> = {}): Shipment => ({
  ...{
    id: "shp_1",
    status: "shipped",
    items: [{ lineId: "oln_1", quantity: 1n }],
    carrier: "manual",
    trackingNumber: "T1",
    trackingUrl: "",
  },
  ...{ reason: "", updatedAt: NOW },
  ...change,
});

describe("the payment's status", () => {
  const money = { total: 100n, authorized: 0n, captured: 0n, refunded: 0n, voided: false };

  test.each([
    ["pending", {}],
    ["authorized", { authorized: 100n }],
    ["pending", { authorized: 99n }],
    ["partially-paid", { authorized: 100n, captured: 40n }],
    ["paid", { captured: 100n }],
    ["partially-refunded", { captured: 100n, refunded: 1n }],
    ["refunded", { captured: 100n, refunded: 100n }],
    ["voided", { voided: true }],
    ["paid", { total: 0n }],
  ] as const)("is %s after %o", (status, facts) => {
    expect(paymentStatus({ ...money, ...facts })).toBe(status);
  });
});

describe("the goods' statuses", () => {
  const two = { lines: [aLine({ quantity: 2n }), aLine({ id: "oln_2", quantity: 1n })] };
  const all = [
    { lineId: "oln_1", quantity: 2n },
    { lineId: "oln_2", quantity: 1n },
  ];

  test.each([
    ["unfulfilled", []],
    ["partially-shipped", [aShipment()]],
    ["shipped", [aShipment({ items: all })]],
    ["partially-delivered", [aShipment({ status: "delivered" }), aShipment({ id: "shp_2" })]],
    ["delivered", [aShipment({ status: "delivered", items: all })]],
    ["unfulfilled", [aShipment({ status: "failed", items: all })]],
  ] as const)("%s", (status, shipments) => {
    expect(statusesOf(anOrder({ ...two, shipments }))).toMatchObject({ fulfillmentStatus: status });
  });

  test("follow what came back, whatever was given back without goods", () => {
    const part = { lineId: "oln_1", quantity: 1n, amount: 500n, returned: true };
    const refund = {
      id: "orf_1",
      status: "done",
      amount: 500n,
      tax: 0n,
      shipping: 0n,
      reason: "",
      failure: "",
      key: "",
      fingerprint: "",
      createdAt: NOW,
    } as const;
    const back = (lines: (typeof part)[]) =>
      statusesOf(anOrder({ lines: [aLine({ quantity: 2n })], refunds: [{ ...refund, lines }] })).returnStatus;
    expect(back([{ ...part, returned: false }])).toBe("none");
    expect(back([part])).toBe("partially-returned");
    expect(back([{ ...part, quantity: 2n }])).toBe("returned");
  });
});

describe("news of an order", () => {
  test("tell once that it is paid and completed, in whatever order they come", () => {
    const facts = fc.shuffledSubarray(
      [
        (order: Order) => recordPayment(order, { kind: "authorized", authorized: order.total }, NOW),
        (order: Order) => recordPayment(order, { kind: "captured", captured: order.total - 1n }, NOW),
        (order: Order) => recordPayment(order, { kind: "captured", captured: order.total }, NOW),
        (order: Order) => recordShipment(order, aShipment(), NOW),
        (order: Order) => recordShipment(order, aShipment({ status: "delivered", carrier: "" }), NOW),
      ],
      { minLength: 5 },
    );
    fc.assert(
      fc.property(facts, fc.nat(4), (news, twice) => {
        let order = anOrder();
        const told: string[] = [];
        for (const fact of [...news, news[twice] as (typeof news)[number]]) {
          const change = fact(order);
          told.push(...change.happenings.map(({ what }) => what));
          order = change.order;
        }
        expect(statusesOf(order)).toEqual({
          status: "completed",
          paymentStatus: "paid",
          fulfillmentStatus: "delivered",
          returnStatus: "none",
        });
        expect(told.filter((what) => what === "paid" || what === "completed")).toEqual(
          ["paid", "completed"].filter((what) => told.includes(what)),
        );
        expect(told.filter((what) => what === "completed")).toHaveLength(1);
      }),
    );
  });

  test("that come twice or late change nothing", () => {
    const delivered = recordShipment(anOrder(), aShipment({ status: "delivered" }), NOW).order;
    expect(recordShipment(delivered, aShipment(), NOW).happenings).toEqual([]);
    expect(recordShipment(delivered, aShipment({ status: "failed" }), NOW).happenings).toEqual([]);
    expect(recordPayment(paid(), { kind: "captured", captured: 1n }, NOW).happenings).toEqual([]);
  });

  test("of refunds, and of those that the bank sent back, end at what stayed, in whatever order they come", () => {
    // 300 were given back, 500 as well, and the 300 came back.
    const news = [
      { kind: "refunded", refunded: 300n, sentBack: 0n },
      { kind: "refunded", refunded: 800n, sentBack: 0n },
      { kind: "refunded", refunded: 500n, sentBack: 300n },
    ] as const;
    fc.assert(
      fc.property(fc.shuffledSubarray([...news], { minLength: 3 }), fc.nat(2), (facts, twice) => {
        let order = paid();
        for (const fact of [...facts, facts[twice] ?? facts[0]]) if (fact) order = recordPayment(order, fact, NOW).order;
        expect(order).toMatchObject({ refunded: 500n, sentBack: 300n });
        expect(paymentStatus(order)).toBe("partially-refunded");
      }),
    );
    const all = paid({ refunded: 0n });
    const sentBack = recordPayment(all, { kind: "refunded", refunded: 0n, sentBack: all.total }, NOW);
    expect(sentBack.happenings).toMatchObject([
      { what: "refunded at the provider", amount: all.total },
      { what: "refund failed at the provider", amount: all.total },
    ]);
    expect(paymentStatus(sentBack.order)).toBe("paid");
  });

  test("of a canceled order do not make it paid or complete", () => {
    const { order } = cancelOrder(anOrder(), "changed my mind", NOW);
    const change = recordPayment(order, { kind: "captured", captured: order.total }, NOW);
    expect(change.happenings.map(({ what }) => what)).toEqual(["captured"]);
    expect(orderStatus(change.order)).toBe("canceled");
  });
});

describe("canceling", () => {
  test("is refused once something is on its way, with what is possible", () => {
    const shipped = paid({ shipments: [aShipment()] });
    expect(() => cancelOrder(shipped, "", NOW)).toThrow(
      expect.objectContaining({ reason: "ORDER_STATUS", metadata: expect.objectContaining({ state: "open", allowed: "refund" }) }),
    );
    const completed = paid({ shipments: [aShipment({ status: "delivered" })] });
    expect(() => cancelOrder(completed, "", NOW)).toThrow(
      expect.objectContaining({ metadata: expect.objectContaining({ state: "completed" }) }),
    );
  });

  test("again is no mistake, and tells nothing", () => {
    const { order, happenings } = cancelOrder(anOrder(), "first", NOW);
    expect(happenings).toEqual([{ what: "canceled", reason: "first" }]);
    expect(cancelOrder(order, "second", NOW)).toEqual({ order, happenings: [] });
  });
});
