import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { anyText } from "../arbitraries/any-text.ts";
import { type ErrorCode, internal, PlinthError, validation } from "../base/errors.ts";
import { codeOfStatus, decodeStatusDetails, encodeStatusDetails, GRPC_STATUS, statusMessage, statusOfError } from "./status-details.ts";

const CODES = Object.keys(GRPC_STATUS) as ErrorCode[];

function travelled(error: PlinthError): PlinthError {
  return decodeStatusDetails(encodeStatusDetails(error), 2, "unread");
}

describe("status details", () => {
  test.each(CODES)("%s arrives as itself", (code) => {
    const arrived = travelled(new PlinthError(code, "text"));
    expect({ code: arrived.code, reason: arrived.reason, message: arrived.message }).toEqual({ code, reason: code, message: "text" });
  });

  test("trailers stay below what peers take, however much there is to say", () => {
    const text = anyText({ minLength: 500, maxLength: 3000 });
    const facts = fc.dictionary(text, text, { minKeys: 5 });
    fc.assert(
      fc.property(text, facts, facts, (message, metadata, fieldErrors) => {
        const sent = new PlinthError("VALIDATION_ERROR", message, { metadata, fieldErrors });
        const encoded = encodeStatusDetails(sent);
        expect(encoded.length * (4 / 3) + Buffer.byteLength(statusMessage(sent)) * 3).toBeLessThan(8192 - 1024);
        expect(message.startsWith(travelled(sent).message.replace(/…$/, ""))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test("everything that is meant for the caller arrives, whatever it holds", () => {
    const text = anyText();
    const facts = fc.dictionary(
      text.filter((key) => key !== "__proto__"),
      text,
    );
    fc.assert(
      fc.property(
        text,
        text.filter((reason) => reason !== ""),
        facts,
        fc.option(fc.integer({ min: 0, max: 1e6 })),
        (message, reason, metadata, wait) => {
          const sent = new PlinthError("RATE_LIMITED", message, {
            reason,
            metadata,
            ...(wait === null ? {} : { retryAfterSeconds: wait / 8 }),
          });
          const arrived = travelled(sent);
          expect(arrived.message).toBe(message);
          expect(arrived.reason).toBe(reason);
          expect({ ...arrived.metadata }).toEqual({ ...metadata });
          expect(arrived.retryAfterSeconds).toBe(wait === null ? undefined : wait / 8);
        },
      ),
    );
  });

  test("field errors arrive and make a finer reason a VALIDATION_ERROR", () => {
    const arrived = travelled(validation({ "items[0].sku": "must be set" }, { reason: "ORDER_INVALID" }));
    expect(arrived.code).toBe("VALIDATION_ERROR");
    expect(arrived.reason).toBe("ORDER_INVALID");
    expect(arrived.fieldErrors).toEqual({ "items[0].sku": "must be set" });
  });

  test("the cause stays behind", () => {
    const status = statusOfError(internal("Something went wrong.", { cause: new Error("password=hunter2") }));
    expect(JSON.stringify(status, (_key, value) => (typeof value === "bigint" ? String(value) : value))).not.toContain("hunter2");
    expect(Buffer.from(encodeStatusDetails(internal("x", { cause: new Error("hunter2") }))).toString("latin1")).not.toContain("hunter2");
  });

  test.each([undefined, new Uint8Array([255, 255, 255])])("with details %p number and text speak", (details) => {
    const arrived = decodeStatusDetails(details, 5, "no such post");
    expect({ code: arrived.code, message: arrived.message }).toEqual({ code: "NOT_FOUND", message: "no such post" });
  });

  test("every number has a code", () => {
    for (let status = 0; status <= 20; status++) expect(CODES).toContain(codeOfStatus(status));
  });
});
