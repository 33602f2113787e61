import { expect, test } from "@jest/globals";
import { maskEmail, maskPhone, scrubText, sensitivityOf } from "./sensitive.ts";

test.each([
  ["password", "secret"],
  ["newPassword", "secret"],
  ["x-service-token", "secret"],
  ["refresh_token", "secret"],
  ["Authorization", "secret"],
  ["Set-Cookie", "secret"],
  ["FX_API_KEY", "secret"],
  ["client_secret", "secret"],
  ["user_email", "email"],
  ["phoneNumber", "phone"],
  ["page_token", "none"],
  ["key", "none"],
  ["tokens_used_count", "none"],
  ["message", "none"],
])("%s is %s", (name, expected) => {
  expect(sensitivityOf(name)).toBe(expected);
  expect(sensitivityOf(name)).toBe(expected);
});

test("masks keep what helps to recognise, no more", () => {
  expect(maskEmail("bob@example.com")).toBe("b***@example.com");
  expect(maskEmail("nonsense")).toBe("***");
  expect(maskPhone("+4915112345678")).toBe("***78");
});

test("secrets inside a text go, the rest stays", () => {
  expect(scrubText("sent Authorization: Bearer abc.def-123 to x")).toBe("sent Authorization: Bearer [redacted] to x");
  expect(scrubText("bad eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln here")).toBe("bad [redacted] here");
  expect(scrubText("connect postgres://blog:s3cr:et@db:5432/plinth failed")).toBe(
    "connect postgres://blog:[redacted]@db:5432/plinth failed",
  );
  expect(scrubText("see https://example.com:8080/path")).toBe("see https://example.com:8080/path");
});
