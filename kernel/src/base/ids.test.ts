import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { PlinthError } from "./errors.ts";
import { idAtTime, idFromUuid, isId, newId, parseId, splitId } from "./ids.ts";

const SUFFIX = "00000000000000000000000000";

describe("the TypeID specification", () => {
  test.each([
    ["", "00000000-0000-0000-0000-000000000000", SUFFIX],
    ["", "00000000-0000-0000-0000-000000000001", "00000000000000000000000001"],
    ["", "00000000-0000-0000-0000-00000000000a", "0000000000000000000000000a"],
    ["", "00000000-0000-0000-0000-000000000010", "0000000000000000000000000g"],
    ["", "00000000-0000-0000-0000-000000000020", "00000000000000000000000010"],
    ["", "ffffffff-ffff-ffff-ffff-ffffffffffff", "7zzzzzzzzzzzzzzzzzzzzzzzzz"],
    ["prefix", "0110c853-1d09-52d8-d73e-1194e95b5f19", "prefix_0123456789abcdefghjkmnpqrs"],
    ["prefix", "01890a5d-ac96-774b-bcce-b302099a8057", "prefix_01h455vb4pex5vsknk084sn02q"],
    ["pre_fix", "00000000-0000-0000-0000-000000000000", `pre_fix_${SUFFIX}`],
  ])("%s and %s make %s, and back", (prefix, uuid, id) => {
    expect(idFromUuid(prefix, uuid)).toBe(id);
    expect(splitId(id)).toEqual({ prefix, uuid });
    expect(parseId(prefix, id)).toBe(id);
  });

  test.each([
    ["upper-case prefix", `PREFIX_${SUFFIX}`],
    ["digits in the prefix", `12345_${SUFFIX}`],
    ["a dot in the prefix", `pre.fix_${SUFFIX}`],
    ["a letter outside ASCII", `préfix_${SUFFIX}`],
    ["spaces before the prefix", `  prefix_${SUFFIX}`],
    ["a prefix of 64", `${"a".repeat(64)}_${SUFFIX}`],
    ["a separator without prefix", `_${SUFFIX}`],
    ["a separator alone", "_"],
    ["25 digits", `prefix_${SUFFIX.slice(1)}`],
    ["27 digits", `prefix_0${SUFFIX}`],
    ["a space in the suffix", `prefix_${SUFFIX.slice(1)} `],
    ["upper-case digits", "prefix_0123456789ABCDEFGHJKMNPQRS"],
    ["dashes in the suffix", "prefix_123456789-123456789-123456"],
    ["letters outside the alphabet", "prefix_ooooooiiiiiiuuuuuuulllllll"],
    ["more than 128 bits", "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz"],
    ["a prefix beginning with _", `_prefix_${SUFFIX}`],
    ["a prefix ending with _", `prefix__${SUFFIX}`],
    ["nothing", ""],
  ])("refuses %s", (_name, text) => {
    expect(() => splitId(text)).toThrow(PlinthError);
    expect(isId("prefix", text)).toBe(false);
  });

  test("any 128 bits survive the way there and back", () => {
    fc.assert(
      fc.property(fc.uuid({ version: [1, 3, 4, 5, 7] }), (uuid) => {
        expect(splitId(idFromUuid("x", uuid)).uuid).toBe(uuid);
      }),
    );
  });
});

test("ids made before a moment are less than its own, those made from then on greater", () => {
  const before = newId("user");
  // The counter may have borrowed milliseconds.
  const moment = Date.now() + 1000;
  expect(isId("user", idAtTime("user", moment))).toBe(true);
  expect(before < idAtTime("user", moment)).toBe(true);
  expect(idAtTime("user", moment - 60_000) < before).toBe(true);
  expect(idAtTime("user", -1)).toBe(`user_${SUFFIX}`);
});

describe("newId", () => {
  test("is a UUIDv7 of now", () => {
    const before = Date.now();
    const { prefix, uuid } = splitId(newId("user"));
    expect(prefix).toBe("user");
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const time = Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
    expect(time).toBeGreaterThanOrEqual(before);
  });

  test("grows strictly, many times within a millisecond", () => {
    const ids = Array.from({ length: 50_000 }, () => newId("n"));
    for (let index = 1; index < ids.length; index++) {
      if ((ids[index - 1] as string) >= (ids[index] as string)) throw new Error(`${ids[index - 1]} is not below ${ids[index]}`);
    }
  });

  test("refuses a prefix that no id may have", () => {
    expect(() => newId("User")).toThrow('"User" is no id prefix');
  });
});

describe("parseId", () => {
  test("names the field and the form it must have", () => {
    try {
      parseId("user", `post_${SUFFIX}`, "user_id");
      throw new Error("accepted");
    } catch (error) {
      expect(error).toBeInstanceOf(PlinthError);
      expect((error as PlinthError).code).toBe("VALIDATION_ERROR");
      expect((error as PlinthError).fieldErrors.user_id).toContain('"user_" and 26 base32 digits');
    }
  });
});
