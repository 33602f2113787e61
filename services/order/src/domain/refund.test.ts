import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { aLine, anOrder, NOW, paid } from "../../test/an-order.ts";
import type { Order } from "./order.ts";
import { returnStatus } from "./order-status.ts";
import { givenBack, type RefundRequest, refundOfCanceled, refundOrder, refundSentBack, settleRefund } from "./refund.ts";

const asked = (change: Partial<RefundRequest> = {}): RefundRequest => ({
  ...{ lines: [], shipping: false, amount: undefined, reason: "", key: "", fingerprint: "" },
  ...change,
});
const ofLine = (lineId: string, quantity: bigint, returned = false) => asked({ lines: [{ lineId, quantity, returned }] });
const refusal = (reason: string, metadata = {}) => expect.objectContaining({ reason, metadata: expect.objectContaining(metadata) });

/** Does one refund after the other. */
function series(order: Order, requests: readonly RefundRequest[]): { order: Order; amounts: bigint[] } {
  const amounts: bigint[] = [];
  let current = order;
  for (const request of requests) {
    const { order: after, refund } = refundOrder(current, request, NOW);
    amounts.push(refund.amount);
    current = settleRefund(after, refund.id, undefined).order;
  }
  return { order: current, amounts };
}

test("units of a line share its cents, and shipping goes back on its own", () => {
  const order = paid({ lines: [aLine({ quantity: 3n, gross: 1000n })], shipping: 490n });
  const { amounts } = series(order, [ofLine("oln_1", 1n), ofLine("oln_1", 1n), ofLine("oln_1", 1n), asked({ shipping: true })]);
  expect(amounts).toEqual([333n, 334n, 333n, 490n]);
});

test("an amount is spread over what is left, and the units give back the rest of it", () => {
  const order = paid({ lines: [aLine({ gross: 600n }), aLine({ id: "oln_2", gross: 400n })], shipping: 0n });
  const { amounts } = series(order, [asked({ amount: { amount: 500n, currency: "EUR" } }), ofLine("oln_1", 1n), asked()]);
  expect(amounts).toEqual([500n, 300n, 200n]);
});

test("any series of refunds ends at the total, and its tax at the tax", () => {
  const line = fc.record({ quantity: fc.bigInt(1n, 7n), gross: fc.bigInt(0n, 100_000n), taxed: fc.nat(100) });
  const step = fc.record({
    kind: fc.constantFrom("units", "amount", "shipping"),
    pick: fc.nat(1000),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    refused: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 5 }),
      fc.bigInt(0n, 2000n),
      fc.array(step, { maxLength: 12 }),
      (lines, shipping, steps) => {
        const made = lines.map(({ quantity, gross, taxed }, index) =>
          aLine({ id: `oln_${index}`, quantity, gross, tax: (gross * BigInt(taxed)) / 100n }),
        );
        const tax = made.reduce((sum, each) => sum + each.tax, 0n);
        const start = paid({ lines: made, shipping, tax });
        fc.pre(start.total > 0n);
        let order = start;
        for (const { kind, pick, part, refused } of steps) {
          const left = order.total - givenBack(order);
          const chosen = order.lines[pick % order.lines.length] as Order["lines"][number];
          const amount = { amount: (left * BigInt(Math.floor(part * 1000))) / 1000n || 1n, currency: "EUR" };
          const request = kind === "units" ? ofLine(chosen.id, 1n) : kind === "shipping" ? asked({ shipping: true }) : asked({ amount });
          try {
            const { order: after, refund } = refundOrder(order, request, NOW);
            expect(refund.amount).toBe(refund.lines.reduce((sum, each) => sum + each.amount, refund.shipping));
            expect(refund.amount <= left && refund.amount >= 0n).toBe(true);
            order = settleRefund(after, refund.id, refused ? "no" : undefined).order;
          } catch (error) {
            // What is used up is refused, and nothing else.
            expect(["QUANTITY_TOO_LARGE", "NOTHING_TO_REFUND", "AMOUNT_TOO_LARGE"]).toContain((error as { reason: string }).reason);
          }
        }
        if (givenBack(order) < order.total) {
          const { order: after, refund } = refundOrder(order, asked(), NOW);
          order = settleRefund(after, refund.id, undefined).order;
        }
        const kept = order.refunds.filter(({ status }) => status !== "failed");
        expect(givenBack(order)).toBe(order.total);
        expect(kept.reduce((sum, refund) => sum + refund.tax, 0n)).toBe(tax);
        expect(() => refundOrder(order, asked(), NOW)).toThrow(refusal("NOTHING_TO_REFUND"));
      },
    ),
    { numRuns: 500 },
  );
});

describe("a refund is refused", () => {
  const order = paid({ lines: [aLine({ quantity: 2n })] });

  test.each([
    ["for an order of which nothing was charged", anOrder(), asked(), "ORDER_STATUS", { state: "open" }],
    ["for a canceled one", paid({ canceledAt: NOW }), asked(), "ORDER_STATUS", { state: "canceled", allowed: "cancel" }],
    ["for a line that is not there", order, ofLine("oln_9", 1n), "LINE_NOT_FOUND", { line_id: "oln_9" }],
    ["for more units than were bought", order, ofLine("oln_1", 3n), "QUANTITY_TOO_LARGE", { available: "2" }],
    ["for more than was paid", order, asked({ amount: { amount: 1491n, currency: "EUR" } }), "AMOUNT_TOO_LARGE", { available: "1490" }],
    ["for more than was charged so far", { ...order, captured: 100n }, ofLine("oln_1", 1n), "AMOUNT_TOO_LARGE", { available: "100" }],
  ] as const)("%s", (_, subject, request, reason, metadata) => {
    expect(() => refundOrder(subject, request, NOW)).toThrow(refusal(reason, metadata));
  });

  test("in another currency, and for a line that is named twice, with the field", () => {
    const dollars = asked({ amount: { amount: 1n, currency: "USD" } });
    expect(() => refundOrder(order, dollars, NOW)).toThrow(
      expect.objectContaining({ fieldErrors: { "amount.currency": expect.anything() } }),
    );
    const twice = asked({ lines: [...ofLine("oln_1", 1n).lines, ...ofLine("oln_1", 1n).lines] });
    expect(() => refundOrder(order, twice, NOW)).toThrow(expect.objectContaining({ fieldErrors: { lines: expect.anything() } }));
  });
});

test("the same key is the same refund, and another one with it is refused", () => {
  const first = refundOrder(paid(), { ...asked(), key: "k", fingerprint: "f" }, NOW);
  const again = refundOrder(first.order, { ...asked(), key: "k", fingerprint: "f" }, NOW);
  expect(again).toMatchObject({ refund: { id: first.refund.id }, happenings: [] });
  expect(() => refundOrder(first.order, { ...asked(), key: "k", fingerprint: "g" }, NOW)).toThrow(refusal("IDEMPOTENCY_CONFLICT"));
});

test("what the provider refused can be asked for again", () => {
  const { order, refund } = refundOrder(paid(), asked(), NOW);
  const { order: after, happenings } = settleRefund(order, refund.id, "The card is gone.");
  expect(happenings).toMatchObject([{ what: "refund refused", refund: { failure: "The card is gone." } }]);
  expect(refundOrder(after, asked(), NOW).refund.amount).toBe(order.total);
  expect(settleRefund(after, refund.id, undefined).happenings).toEqual([]);
});

test("of a canceled order all that was charged is given back, once", () => {
  const canceled = paid({ canceledAt: NOW, lines: [aLine({ quantity: 2n })] });
  const { order, happenings } = refundOfCanceled(canceled, "orf_c", canceled.total, NOW);
  expect(happenings).toMatchObject([{ what: "refunded", refund: { status: "done", amount: canceled.total, shipping: 490n } }]);
  expect(refundOfCanceled(order, "orf_c", canceled.total, NOW).happenings).toEqual([]);
  expect(returnStatus(order)).toBe("none");
});

describe("what the bank sends back", () => {
  const order = paid({ lines: [aLine({ quantity: 2n })] });
  const { order: asking, refund } = refundOrder(order, ofLine("oln_1", 1n, true), NOW);
  const news = { refundId: refund.id, amount: refund.amount, code: "lost_or_stolen_card" };
  const failure = "The bank sent it back: lost_or_stolen_card.";

  test("can be given back again; the goods that came with it are here, and come back once", () => {
    const settled = settleRefund(asking, refund.id, undefined).order;
    const { order: after, happenings } = refundSentBack(settled, news, NOW);
    expect(happenings).toMatchObject([{ what: "refund failed", wasTold: true, refund: { status: "sent-back", failure } }]);
    expect(givenBack(after)).toBe(0n);
    expect(returnStatus(after)).toBe("partially-returned");
    expect(() => refundOrder(after, ofLine("oln_1", 2n, true), NOW)).toThrow(refusal("QUANTITY_TOO_LARGE", { available: "1" }));
    expect(refundOrder(after, asked(), NOW).refund.amount).toBe(order.total);
    expect(refundSentBack(after, news, NOW).happenings).toEqual([]);
  });

  test("before its refund was noted is told to nobody who has not heard of the refund", () => {
    const { order: after, happenings } = refundSentBack(asking, news, NOW);
    expect(happenings).toMatchObject([{ what: "refund failed", wasTold: false }]);
    expect(settleRefund(after, refund.id, undefined).happenings).toEqual([]);
  });

  test("of a canceled order people may give back, but no goods, whichever is heard first", () => {
    const canceled = paid({ canceledAt: NOW, lines: [aLine({ quantity: 2n })] });
    const back = { ...news, refundId: "orf_c", amount: canceled.total };
    const noted = refundOfCanceled(canceled, "orf_c", canceled.total, NOW).order;
    const early = refundSentBack(canceled, back, NOW).order;
    expect(refundOfCanceled(early, "orf_c", canceled.total, NOW).happenings).toEqual([]);
    for (const after of [refundSentBack(noted, back, NOW).order, early]) {
      expect(after.refunds).toMatchObject([{ id: "orf_c", status: "sent-back", amount: canceled.total }]);
      expect(() => refundOrder(after, ofLine("oln_1", 1n, true), NOW)).toThrow(refusal("QUANTITY_TOO_LARGE", { available: "0" }));
      expect(refundOrder(after, asked(), NOW).refund.amount).toBe(canceled.total);
    }
  });

  test("and is no refund of this order changes nothing", () => {
    for (const refundId of ["", "orf_elsewhere"]) expect(refundSentBack(order, { ...news, refundId }, NOW).happenings).toEqual([]);
  });
});
