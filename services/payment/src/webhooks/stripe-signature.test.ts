import { describe, expect, test } from "@jest/globals";
import { isSigned } from "./stripe-signature.ts";

describe("a signature", () => {
  const body = Buffer.from('{"id":"evt_1"}');
  const SECRET = "whsec_test";
  // By `openssl dgst -sha256 -hmac whsec_test` of `1767323045.{"id":"evt_1"}`.
  const at = (seconds: number) => new Date(seconds * 1000);
  const T = 1_767_323_045;
  const good = "f121f4aa13380581f2a95e878fd1621b234c7b263c1fecff2bc3a8ef778d5957";
  test.each([
    ["fits", `t=${T},v1=${good}`, T, true],
    ["fits beside an older one", `t=${T},v1=${"0".repeat(64)},v1=${good}`, T, true],
    ["is five minutes old", `t=${T},v1=${good}`, T + 300, true],
    ["is older", `t=${T},v1=${good}`, T + 301, false],
    ["comes from the future", `t=${T},v1=${good}`, T - 301, false],
    ["is for another time", `t=${T + 1},v1=${good}`, T, false],
    ["is of another scheme", `t=${T},v0=${good}`, T, false],
    ["is cut off", `t=${T},v1=${good.slice(0, 62)}`, T, false],
    ["is missing", "", T, false],
    ["has no time", `v1=${good}`, T, false],
  ])("that %s", (_what, header, now, fits) => expect(isSigned(body, header, SECRET, at(now))).toBe(fits));

  test("of another body or by another secret does not fit", () => {
    expect(isSigned(Buffer.from('{"id":"evt_2"}'), `t=${T},v1=${good}`, SECRET, at(T))).toBe(false);
    expect(isSigned(body, `t=${T},v1=${good}`, "whsec_other", at(T))).toBe(false);
  });
});
