import { describe, expect, test } from "@jest/globals";
import { atOnce, type Soon, soon } from "./at-once.ts";

function* sum(...values: readonly Soon<number>[]): Generator<Promise<unknown>, number, unknown> {
  let total = 0;
  for (const value of values) total += yield* soon(value);
  return total;
}

describe("atOnce", () => {
  test("answers at once where nothing has to be waited for", () => {
    expect(atOnce(sum(1, 2, 3))).toBe(6);
  });

  test("waits for what is a promise, and goes on", async () => {
    const answer = atOnce(sum(1, Promise.resolve(2), 3, Promise.resolve(4)));
    expect(answer).toBeInstanceOf(Promise);
    await expect(answer).resolves.toBe(10);
  });

  test("throws at once, or rejects, as what it ran did", async () => {
    function* failing(value: Soon<number>): Generator<Promise<unknown>, number, unknown> {
      yield* soon(value);
      throw new Error("broken");
    }
    expect(() => atOnce(failing(1))).toThrow("broken");
    await expect(atOnce(failing(Promise.resolve(1)))).rejects.toThrow("broken");
  });

  test("lets what waited catch the failure of what it waited for", async () => {
    function* careful(): Generator<Promise<unknown>, string, unknown> {
      try {
        return yield* soon(Promise.reject<string>(new Error("broken")));
      } catch (error) {
        return `caught ${(error as Error).message}`;
      }
    }
    await expect(atOnce(careful())).resolves.toBe("caught broken");
  });
});
