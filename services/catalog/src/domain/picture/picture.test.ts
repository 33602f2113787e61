import { describe, expect, test } from "@jest/globals";
import { anyText } from "@plinth/kernel/arbitraries";
import fc from "fast-check";
import { drawPicture } from "./picture.ts";

const ID = "prod_01h455vb4pex5vsknk084sn02q";
const TAG = /<(\/?)(svg|title|defs|linearGradient|stop|rect|circle|path|ellipse|polygon|text)((?: [a-z][\w:-]*="[^"<>&]*")*)(\/?)>/gi;

/** Tags in order, each closed; throws where something else stands between them. */
function checkWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, closes, name, , empty] of svg.matchAll(TAG)) {
    if (closes === "/") expect(open.pop()).toBe(name);
    else if (empty === "") open.push(name ?? "");
  }
  expect(open).toEqual([]);
  expect(svg.replaceAll(TAG, "").replaceAll(/&#\d+;/g, "")).not.toMatch(/[<>&"']/);
}

describe("a picture", () => {
  test("is well formed whatever the names are, and the same each time", () => {
    const text = anyText({ maxLength: 200 });
    fc.assert(
      fc.property(text, text, fc.integer(), (name, category, number) => {
        const svg = drawPicture({ id: `prod_${number}`, name, category });
        checkWellFormed(svg);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 cannot hold
        expect(svg).not.toMatch(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|NaN|undefined/);
        expect(drawPicture({ id: `prod_${number}`, name, category })).toBe(svg);
        expect(svg.length).toBeLessThan(20_000);
      }),
      { numRuns: 500 },
    );
  });

  test("holds no script, however it is smuggled in", () => {
    const svg = drawPicture({ id: ID, name: `"><script>alert(1)</script>`, category: `' onload='alert(1)` });
    checkWellFormed(svg);
    expect(svg).not.toContain("<script");
  });

  test("differs between products, and has one hue for a category", () => {
    const draw = (id: string, category: string) => drawPicture({ id, name: "Cup", category });
    const pictures = new Set(Array.from({ length: 50 }, (_, index) => draw(`prod_${index}`, "Kitchen")));
    expect(pictures.size).toBe(50);
    expect(draw(ID, "Kitchen")).not.toBe(draw(ID, "Garden"));
  });

  test("breaks a long name into two lines between words", () => {
    const svg = drawPicture({ id: ID, name: "Garden trowel with a handle of ash and a strap of leather", category: "Garden" });
    const lines = [...svg.matchAll(/font-size="36"[^>]*>([^<]*)</g)].map(([, line]) => line);
    expect(lines).toEqual(["Garden trowel with a", "handle of ash and a strap…"]);
  });
});
