import { describe, expect, test } from "@jest/globals";
import { UsageError } from "../usage-error.ts";
import { parseModuleName } from "./module-name.ts";

describe("the name of a new module", () => {
  test("is there in all the forms that its files need", () => {
    expect(parseModuleName("price-list2")).toEqual({ name: "price-list2", pascal: "PriceList2", snake: "price_list2" });
    expect(parseModuleName("a".repeat(30)).name).toHaveLength(30);
  });

  test.each(["Greeter", "price_list", "-x", "x-", "3d", "price-2", "price--list", "../up", "a b", "é", "a".repeat(31), ""])(
    "is not %j",
    (name) => {
      expect(() => parseModuleName(name)).toThrow(UsageError);
    },
  );

  test.each(["plinth", "plinth-bus", "platform", "pg-stat", "public"])("is not %s, which is the platform's", (name) => {
    expect(() => parseModuleName(name)).toThrow(`${name} is a name of the platform itself`);
  });
});
