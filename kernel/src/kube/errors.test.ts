import { expect, test } from "@jest/globals";
import { errorOfAnswer, isAlreadyExists, isConflict, isExpired, isInvalid, isNotFound, isTransient, KubeError } from "./errors.ts";

function statusBody(changed: object): string {
  return JSON.stringify({ kind: "Status", apiVersion: "v1", ...changed });
}

test("keeps what the Status says", () => {
  const body = statusBody({ code: 404, reason: "NotFound", message: 'pods "x" not found', details: { name: "x", kind: "pods" } });
  const error = errorOfAnswer(404, body);
  expect(error).toMatchObject({ status: 404, reason: "NotFound", message: 'pods "x" not found', details: { name: "x" } });
  expect(isNotFound(error)).toBe(true);
  expect(errorOfAnswer(504, statusBody({ details: { retryAfterSeconds: 2 } })).retryAfterMs).toBe(2000);
  expect(errorOfAnswer(504, statusBody({ details: { retryAfterSeconds: 2 } }), 500).retryAfterMs).toBe(500);
});

test("quotes what is no Status, and not too much of it", () => {
  expect(errorOfAnswer(502, "<html>Bad gateway</html>")).toMatchObject({ reason: "InternalError", message: "<html>Bad gateway</html>" });
  expect(errorOfAnswer(403, "")).toMatchObject({ reason: "Forbidden", message: "The API server answered 403." });
  expect(errorOfAnswer(500, "x".repeat(10_000)).message).toHaveLength(300);
  expect(errorOfAnswer(500, "null").reason).toBe("InternalError");
});

test("tells kinds of failures apart", () => {
  const conflict = new KubeError(409, "Conflict", "");
  const exists = new KubeError(409, "AlreadyExists", "");
  expect([isConflict(conflict), isConflict(exists), isAlreadyExists(exists), isAlreadyExists(conflict)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(isExpired(new KubeError(410, "Expired", ""))).toBe(true);
  expect([0, 429, 500, 503].map((status) => isTransient(new KubeError(status, "", "")))).toEqual([true, true, true, true]);
  expect([400, 403, 404, 409, 422].map((status) => isTransient(new KubeError(status, "", "")))).not.toContain(true);
  const untyped = new KubeError(
    500,
    "",
    "failed to create typed patch object (shop/x; /v1, Kind=Pod): .spec.y: field not declared in schema",
  );
  expect([isInvalid(untyped), isTransient(untyped)]).toEqual([true, false]);
  for (const other of [new Error("x"), undefined, null]) expect(isNotFound(other) || isTransient(other) || isInvalid(other)).toBe(false);
});
