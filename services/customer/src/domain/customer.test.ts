import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Address, type AddressBook, addAddress, MAX_ADDRESSES, removeAddress, updateAddress } from "./address-book.ts";
import { changeCustomer, changedParts, eraseCustomer, newCustomer } from "./customer.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const LATER = new Date("2026-02-01T00:00:00Z");
const aCustomer = () => newCustomer("default", { userId: "user_1", email: "ada@example.com" }, { firstName: " Ada " }, NOW);
const anAddress = (id: string, change: Partial<Address> = {}): Address => ({
  ...{ id, tenantId: "default", customerId: "cus_1", label: "", name: "Ada", company: "", line1: "Way 1", line2: "", city: "Berlin" },
  ...{
    region: "",
    postalCode: "10115",
    country: "DE",
    phone: "",
    defaultShipping: false,
    defaultBilling: false,
    createdAt: NOW,
    updatedAt: NOW,
  },
  ...change,
});

describe("a customer", () => {
  test("starts in the first tier, and says nothing but what was said", () => {
    expect(aCustomer()).toMatchObject({ firstName: "Ada", lastName: "", tier: "standard", version: 1, erased: false, marketing: false });
  });

  test("keeps what a change does not name, and says which part changed", () => {
    const [before, after] = [aCustomer(), changeCustomer(aCustomer(), { locale: "de-DE", tier: "gold" }, 1, LATER)];
    expect(after).toMatchObject({ firstName: "Ada", locale: "de-DE", tier: "gold", version: 2, updatedAt: LATER });
    expect(changedParts(before, after).sort()).toEqual(["preferences", "tier"]);
  });

  test("stays as it was when a change changes nothing", () => {
    const customer = aCustomer();
    expect(changeCustomer(customer, { firstName: "Ada " }, undefined, LATER)).toBe(customer);
  });

  test("is not changed by whoever saw an older version, nor once it was erased", () => {
    expect(() => changeCustomer(aCustomer(), {}, 2, LATER)).toThrow(expect.objectContaining({ reason: "VERSION_CONFLICT" }));
    const erased = eraseCustomer(aCustomer(), LATER);
    expect(erased).toMatchObject({ email: "", firstName: "", erased: true, userId: "user_1" });
    expect(() => changeCustomer(erased, { firstName: "Ada" }, undefined, LATER)).toThrow(
      expect.objectContaining({ reason: "CUSTOMER_ERASED" }),
    );
  });
});

describe("an address book", () => {
  test("has one default for each use as long as it has an address, whatever is done with it", () => {
    const act = fc.record({
      kind: fc.constantFrom("add", "update", "remove"),
      at: fc.nat(60),
      shipping: fc.boolean(),
      billing: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        let book: AddressBook = [];
        for (const [index, { kind, at, shipping: defaultShipping, billing: defaultBilling }] of acts.entries()) {
          const id = book[at % Math.max(book.length, 1)]?.id;
          const defaults = { defaultShipping, defaultBilling };
          if (kind === "add" || id === undefined) book = addAddress(book, anAddress(`addr_${index}`, defaults));
          else if (kind === "update") book = updateAddress(book, id, {}, defaults, LATER);
          else book = removeAddress(book, id);
          const wanted = book.length === 0 ? 0 : 1;
          expect(book.filter((address) => address.defaultShipping)).toHaveLength(wanted);
          expect(book.filter((address) => address.defaultBilling)).toHaveLength(wanted);
          if (kind === "update" && id !== undefined && defaultShipping)
            expect(book.find((address) => address.id === id)?.defaultShipping).toBe(true);
        }
      }),
    );
  });

  test("has an end, and knows what is not in it", () => {
    const full = Array.from({ length: MAX_ADDRESSES }, (_, index) => anAddress(`addr_${index}`));
    expect(() => addAddress(full, anAddress("addr_x"))).toThrow(expect.objectContaining({ reason: "TOO_MANY_ADDRESSES" }));
    expect(() => removeAddress(full, "addr_x")).toThrow(expect.objectContaining({ code: "NOT_FOUND", reason: "ADDRESS_NOT_FOUND" }));
  });
});
