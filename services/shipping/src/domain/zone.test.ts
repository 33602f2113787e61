import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { areasOf, normalPostalCode, placesOf } from "./zone.ts";

test.each([
  ["sw1a 1aa", "SW1A1AA"],
  ["1010-045", "1010045"],
  ["", ""],
  ["ÄÖ 1", "1"],
])("the postal code %p is compared as %p", (text, normal) => expect(normalPostalCode(text)).toBe(normal));

test("a zone is the places that it is made of", () => {
  const country = fc.constantFrom("DE", "AT", "FR", "JP");
  const area = fc.record({ country, postalPrefixes: fc.uniqueArray(fc.stringMatching(/^[A-Z0-9]{1,4}$/), { maxLength: 4 }) });
  const areas = fc.uniqueArray(area, { selector: (each) => each.country, maxLength: 4 });
  fc.assert(
    fc.property(areas, fc.boolean(), (made, restOfWorld) => {
      expect(areasOf(placesOf({ areas: made, restOfWorld }))).toEqual({ areas: made, restOfWorld });
    }),
  );
});
