import { chanceOf } from "./chance.ts";
import { paletteOf } from "./palette.ts";
import { FAMILIES, SIDE } from "./shapes.ts";

export interface Pictured {
  readonly id: string;
  readonly name: string;
  /** The category's name. */
  readonly category: string;
}

const LINE_CHARACTERS = 26;
const CATEGORY_CHARACTERS = 40;

/** An SVG of a product that has no photograph: the same one each time, of one hue with the others of its category. */
export function drawPicture({ id, name, category }: Pictured): string {
  const chance = chanceOf(`${id} ${name}`);
  const { background, backgroundEnd, shapes, ink } = paletteOf(category, chance);
  const drawn = chance.oneOf(FAMILIES)(chance, shapes).join("");
  const gradient = `<linearGradient id="b" x1="0" y1="0" x2="1" y2="1"><stop stop-color="${background}"/><stop offset="1" stop-color="${backgroundEnd}"/></linearGradient>`;
  const font = `font-family="Helvetica, Arial, sans-serif" fill="${ink}"`;
  const lines = nameLines(name).map(
    (line, index, all) =>
      `<text x="40" y="${552 - (all.length - 1 - index) * 42}" font-size="36" font-weight="700" ${font}>${escapeXml(line)}</text>`,
  );
  const above = `<text x="40" y="${552 - lines.length * 42}" font-size="20" letter-spacing="1" ${font} fill-opacity="0.7">${escapeXml(shortened(category, CATEGORY_CHARACTERS))}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIDE} ${SIDE}" width="${SIDE}" height="${SIDE}" role="img">`,
    `<title>${escapeXml(name)}</title><defs>${gradient}</defs><rect width="${SIDE}" height="${SIDE}" fill="url(#b)"/>`,
    drawn,
    above,
    ...lines,
    "</svg>\n",
  ].join("");
}

/** One or two lines, broken between words. */
function nameLines(name: string): string[] {
  const words = name.split(/\s+/).filter((word) => word !== "");
  let first = "";
  while (words[0] !== undefined && signs(`${first} ${words[0]}`) <= LINE_CHARACTERS) first = `${first} ${words.shift()}`.trim();
  const rest = words.join(" ");
  return (first === "" ? [rest] : [first, rest]).filter((line) => line !== "").map((line) => shortened(line, LINE_CHARACTERS));
}

const signs = (text: string) => [...text].length;

function shortened(text: string, length: number): string {
  return signs(text) <= length
    ? text
    : `${[...text]
        .slice(0, length - 1)
        .join("")
        .trimEnd()}…`;
}

/** Signs that XML 1.0 cannot carry even escaped are left out. */
function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "")
    .replaceAll(/[<>&'"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
