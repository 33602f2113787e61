import { type Chance, hashOf } from "./chance.ts";

/** Colours that go together, as #rrggbb: mail programs know no others. */
export interface Palette {
  readonly background: string;
  readonly backgroundEnd: string;
  readonly shapes: readonly string[];
  readonly ink: string;
}

/** Degrees that go well with a hue: neighbours, or the other side of the circle. */
const COMPANIONS = [
  [0, 28, 56],
  [0, 32, 180],
  [0, 150, 210],
  [0, -30, 160],
] as const;

/** Products of a category have one hue, each with companions of its own. */
export function paletteOf(category: string, chance: Chance): Palette {
  const hue = (hashOf(category) % 360) + chance.between(-12, 12);
  const shapes = chance
    .oneOf(COMPANIONS)
    .flatMap((turn) => [
      colour(hue + turn, chance.between(0.5, 0.72), chance.between(0.52, 0.64)),
      colour(hue + turn, chance.between(0.42, 0.6), chance.between(0.7, 0.8)),
    ]);
  return { background: colour(hue, 0.5, 0.95), backgroundEnd: colour(hue + 24, 0.46, 0.87), shapes, ink: colour(hue, 0.45, 0.2) };
}

/** From hue in degrees, saturation and lightness from 0 to 1. */
function colour(hue: number, saturation: number, lightness: number): string {
  const channel = (offset: number) => {
    const at = (offset + (((hue % 360) + 360) % 360) / 30) % 12;
    const value = lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(at - 3, 9 - at, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
