import * as fc from "fast-check";

/** Every code point but the halves of a pair, which no text can hold alone. */
const anyCharacter = fc
  .integer({ min: 0, max: 0x10ffff })
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

/**
 * Text of whatever characters. fast-check's own `unit: "binary"` first makes a table of all million of them, which takes a test file the better
 * part of a second.
 */
export function anyText(length: { readonly minLength?: number; readonly maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.string({ unit: anyCharacter, ...length });
}
