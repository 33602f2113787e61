import { describe, expect, test } from "@jest/globals";
import { type ErrorCode, PlinthError, validation } from "../base/errors.ts";
import { HTTP_STATUS } from "../http/envelope.ts";
import { errorFromGrpcStatus, RPC_CODE, statusBytes } from "./errors.ts";

function overTheWire(error: PlinthError): PlinthError {
  return errorFromGrpcStatus(RPC_CODE[error.code], error.message, statusBytes(error));
}

describe("errors over gRPC", () => {
  for (const code of Object.keys(HTTP_STATUS) as ErrorCode[]) {
    test(`${code} survives with and without a finer reason`, () => {
      for (const options of [{}, { reason: "FINER" }, { reason: "FINER", fieldErrors: { a: "b" } }, { fieldErrors: { a: "b" } }]) {
        const back = overTheWire(new PlinthError(code, "words", options));
        expect(back.code).toBe(code);
        expect(back.reason).toBe(options.reason ?? code);
        expect(back.metadata).toEqual({});
      }
    });
  }

  test("metadata, field errors and the time to retry survive", () => {
    const back = overTheWire(validation({ "note.title": "is empty" }, { metadata: { a: "1" }, retryAfterSeconds: 1.5 }));
    expect(back).toMatchObject({ metadata: { a: "1" }, fieldErrors: { "note.title": "is empty" }, retryAfterSeconds: 1.5 });
  });

  test("an internal error's words and facts stay inside", () => {
    const bytes = statusBytes(new PlinthError("INTERNAL_ERROR", "password=hunter2", { metadata: { sql: "select 1" } }));
    expect(Buffer.from(bytes).toString("latin1")).not.toMatch(/hunter2|select/);
  });

  test("a status without our details, or with torn ones, still says its kind", () => {
    expect(errorFromGrpcStatus(14, "gone").code).toBe("SERVICE_UNAVAILABLE");
    expect(errorFromGrpcStatus(10, "again", Uint8Array.of(255, 255, 255)).reason).toBe("ABORTED");
    expect(errorFromGrpcStatus(99, "?").code).toBe("INTERNAL_ERROR");
  });
});
