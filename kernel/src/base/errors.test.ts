import { describe, expect, test } from "@jest/globals";
import { notFound, PlinthError, rateLimited, validation } from "./errors.ts";

describe("PlinthError", () => {
  test("the code is the reason unless a finer one is given", () => {
    expect(notFound("No such post.")).toMatchObject({ code: "NOT_FOUND", reason: "NOT_FOUND" });
    expect(notFound("No such post.", { reason: "POST_NOT_FOUND" })).toMatchObject({ code: "NOT_FOUND", reason: "POST_NOT_FOUND" });
    expect(rateLimited("Slow down.", { retryAfterSeconds: 3 }).retryAfterSeconds).toBe(3);
  });

  test("validation lists its fields in the message", () => {
    expect(validation({ title: "must not be empty", slug: "is taken" }).message).toBe("title: must not be empty; slug: is taken");
  });

  test("validation names many fields, but not without end", () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`items[${index}]`, "is wrong"]));
    const error = validation({ ["x".repeat(5000)]: "is unknown", ...many });
    expect(Object.keys(error.fieldErrors)).toHaveLength(50);
    expect(error.message).toMatch(/^x{200}…: is unknown; items\[0\]: is wrong; .*; and 991 more$/);
  });

  test("the funnel keeps ours, knows deadlines, and hides the text of all else", () => {
    const ours = notFound("No such post.");
    expect(PlinthError.from(ours)).toBe(ours);
    expect(PlinthError.from(new DOMException("late", "TimeoutError")).code).toBe("TIMEOUT");
    const cause = new Error("password=hunter2");
    const hidden = PlinthError.from(cause);
    expect(hidden.code).toBe("INTERNAL_ERROR");
    expect(hidden.message).not.toContain("hunter2");
    expect(hidden.cause).toBe(cause);
  });
});
