import { expect, test } from "@jest/globals";
import { hashOfRecoveryCode, matchingStep, newRecoveryCodes, newTotpSecret, totpEnrolment } from "./second-factor.ts";

/** The secret and the last six digits of the codes of RFC 6238, appendix B. */
const RFC_SECRET = new Uint8Array(Buffer.from("12345678901234567890"));
const at = (seconds: number) => new Date(seconds * 1000);

test("codes are those of RFC 6238", () => {
  const codes: [number, string][] = [
    [59, "287082"],
    [1111111109, "081804"],
    [1234567890, "005924"],
    [2000000000, "279037"],
  ];
  for (const [seconds, code] of codes) expect(matchingStep(RFC_SECRET, code, at(seconds))).toBe(Math.floor(seconds / 30));
});

test("a clock may be off by one step, no more", () => {
  for (const [seconds, step] of [
    [29, 1],
    [89, 1],
    [119, undefined],
  ] as const) {
    expect(matchingStep(RFC_SECRET, "287082", at(seconds))).toBe(step);
  }
});

test("what is no code matches nothing", () => {
  for (const code of ["", "28708", "2870820", "28708a", "287 082", "٢٨٧٠٨٢"])
    expect(matchingStep(RFC_SECRET, code, at(59))).toBeUndefined();
});

test("an enrolment names issuer and account", () => {
  const secret = newTotpSecret();
  const { uri, secret: base32 } = totpEnrolment(secret, "Plinth", "ada+1@example.com");
  expect(secret).toHaveLength(20);
  expect(new URL(uri).searchParams.get("secret")).toBe(base32);
  expect(uri).toContain("otpauth://totp/Plinth:ada%2B1%40example.com?issuer=Plinth");
});

test("recovery codes differ, have 80 bits, and are known however they are typed", () => {
  const { codes, hashes } = newRecoveryCodes();
  expect(new Set(codes).size).toBe(10);
  for (const [index, code] of codes.entries()) {
    expect(code).toMatch(/^([a-z2-7]{4}-){3}[a-z2-7]{4}$/);
    expect(hashOfRecoveryCode(code.toUpperCase().replaceAll("-", " "))).toEqual(hashes[index]);
  }
});
