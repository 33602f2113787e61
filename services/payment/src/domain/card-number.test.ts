import { describe, expect, test } from "@jest/globals";
import { holdsCardNumber } from "./card-number.ts";

describe("the number of a card", () => {
  test.each([
    "4242424242424242",
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "card:378282246310005.",
    "pay with 3782 822463 10005 please",
    "5555555555554444 12/30 123",
    "no. 12 6011111111111117",
  ])("is seen in %p", (text) => expect(holdsCardNumber(text)).toBe(true));

  test.each([
    "",
    "4242424242424241",
    "1763690000000",
    "ord_01h455vb4pex5vsknk084sn02q",
    "42424242-4242-4242-8242-424242424242",
    "order 4242 of 2026-01-02",
    "abc4242424242424242def",
  ])("is not seen in %p", (text) => expect(holdsCardNumber(text)).toBe(false));
});
