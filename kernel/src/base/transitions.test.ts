import { expect, test } from "@jest/globals";
import { defineTransitions } from "./transitions.ts";

type State = "pending" | "paid" | "shipped";
type Move = "pay" | "ship";

const order = defineTransitions<State, Move, { stock: number }>("order", "ORDER_STATUS", {
  pending: { pay: "paid" },
  paid: { ship: { to: "shipped", unless: ({ stock }) => (stock > 0 ? undefined : "there is no stock") } },
  shipped: {},
});

test("a move leads where the table says", () => {
  expect(order.next("pending", "pay", { stock: 0 })).toBe("paid");
  expect(order.next("paid", "ship", { stock: 1 })).toBe("shipped");
});

test("an illegal move names the state and what is allowed", () => {
  expect(() => order.next("pending", "ship", { stock: 1 })).toThrow(
    expect.objectContaining({
      code: "CONFLICT",
      reason: "ORDER_STATUS",
      message: "The order cannot ship: it is pending. Possible now: pay.",
      metadata: { state: "pending", move: "ship", allowed: "pay", why: "it is pending" },
    }),
  );
  expect(() => order.next("shipped", "pay", { stock: 1 })).toThrow(/Nothing can be done with it any more/);
});

test("a guard refuses with its reason, and its move is not among the allowed", () => {
  expect(() => order.next("paid", "ship", { stock: 0 })).toThrow(
    expect.objectContaining({ metadata: expect.objectContaining({ why: "there is no stock" }) }),
  );
  expect(order.allowed("paid", { stock: 0 })).toEqual([]);
  expect(order.allowed("paid", { stock: 2 })).toEqual(["ship"]);
});
