import type { Chance } from "./chance.ts";

/** The side of the square in which shapes are drawn, in the picture's own units. */
export const SIDE = 600;
/** Shapes stay above the name. */
const FLOOR = 440;

/** Draws shapes in these colours. */
type Family = (chance: Chance, colours: readonly string[]) => string[];

const round = (value: number) => String(Math.round(value * 10) / 10);
const points = (corners: readonly (readonly [x: number, y: number])[]) => corners.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");

/** Rings around one centre, each cut open somewhere else. */
const rings: Family = (chance, colours) => {
  const [x, y] = [SIDE / 2 + chance.between(-60, 60), FLOOR / 2 + chance.between(-20, 30)];
  return Array.from({ length: chance.whole(3, 5) }, (_, index) => {
    const radius = 42 + index * 38;
    const length = 2 * Math.PI * radius;
    const drawn = length * chance.between(0.45, 0.9);
    const turn = round(chance.between(0, 360));
    const dashes = `stroke-dasharray="${round(drawn)} ${round(length - drawn)}" stroke-linecap="round"`;
    const stroke = `fill="none" stroke="${chance.oneOf(colours)}" stroke-width="22" ${dashes}`;
    return `<circle cx="${round(x)}" cy="${round(y)}" r="${radius}" ${stroke} transform="rotate(${turn} ${round(x)} ${round(y)})"/>`;
  });
};

/** Hills behind each other under a sun. */
const hills: Family = (chance, colours) => {
  const sun = `<circle cx="${round(chance.between(140, 460))}" cy="${round(chance.between(90, 170))}" r="${chance.whole(46, 74)}" fill="${chance.oneOf(colours)}"/>`;
  const ridges = Array.from({ length: chance.whole(3, 4) }, (_, index) => {
    const base = 200 + index * 62;
    const bends = Array.from({ length: 3 }, () => round(base + chance.between(-70, 40)));
    const line = `M0 ${bends[0]} C150 ${round(base - chance.between(20, 110))} 220 ${bends[1]} 320 ${bends[2]} S520 ${bends[0]} ${SIDE} ${bends[1]}`;
    return `<path d="${line} V${FLOOR} H0 Z" fill="${colours[index % colours.length]}" fill-opacity="0.85"/>`;
  });
  return [sun, ...ridges];
};

/** Tiles of quarter circles and squares. */
const tiles: Family = (chance, colours) => {
  const count = chance.oneOf([3, 4]);
  const size = 360 / count;
  const [left, top] = [(SIDE - 360) / 2, 48];
  return Array.from({ length: count * count }, (_, index) => {
    const [x, y] = [left + (index % count) * size, top + Math.floor(index / count) * size];
    const fill = `fill="${chance.oneOf(colours)}"`;
    const corner = chance.whole(0, 4);
    if (corner === 4) return `<rect x="${round(x)}" y="${round(y)}" width="${round(size)}" height="${round(size)}" ${fill}/>`;
    const turn = `rotate(${corner * 90} ${round(x + size / 2)} ${round(y + size / 2)})`;
    return `<path d="M${round(x)} ${round(y)} h${round(size)} a${round(size)} ${round(size)} 0 0 1 ${round(-size)} ${round(size)} Z" ${fill} transform="${turn}"/>`;
  });
};

/** A flower of leaves that shine through. */
const petals: Family = (chance, colours) => {
  const count = chance.oneOf([6, 8, 9, 12]);
  const [length, width] = [chance.between(130, 175), chance.between(34, 60)];
  const [x, y] = [SIDE / 2, FLOOR / 2 + 20];
  const leaves = Array.from({ length: count }, (_, index) => {
    const turn = round((360 / count) * index + chance.between(-4, 4));
    const shape = `cx="${x}" cy="${round(y - length / 2)}" rx="${round(width)}" ry="${round(length / 2)}"`;
    return `<ellipse ${shape} fill="${colours[index % colours.length]}" fill-opacity="0.78" transform="rotate(${turn} ${x} ${y})"/>`;
  });
  return [...leaves, `<circle cx="${x}" cy="${y}" r="${chance.whole(20, 34)}" fill="${chance.oneOf(colours)}"/>`];
};

/** Crystals: triangles that share a tip. */
const prisms: Family = (chance, colours) => {
  const tip = [SIDE / 2 + chance.between(-50, 50), chance.between(60, 110)] as const;
  const count = chance.whole(3, 5);
  const feet = Array.from({ length: count + 1 }, (_, index) => 110 + (380 / count) * index);
  return feet.slice(1).map((right, index) => {
    const left = feet[index] ?? 0;
    const [low, lower] = [FLOOR - chance.between(20, 110), FLOOR - chance.between(20, 110)];
    const corners = points([tip, [left, low], [right, lower]]);
    return `<polygon points="${corners}" fill="${colours[index % colours.length]}" fill-opacity="0.9"/>`;
  });
};

/** Arches inside each other, side by side. */
const arches: Family = (chance, colours) => {
  const count = chance.whole(2, 3);
  const width = 400 / count;
  return Array.from({ length: count }, (_, index) => {
    const middle = 100 + width * (index + 0.5);
    const height = chance.between(150, 260);
    const nested = Array.from({ length: 3 }, (_, depth) => {
      const half = width / 2 - 10 - depth * (width / 8);
      const from = `M${round(middle - half)} ${FLOOR - 20} V${round(FLOOR - 20 - height + depth * 26)}`;
      const bow = `a${round(half)} ${round(half)} 0 0 1 ${round(2 * half)} 0 V${FLOOR - 20} Z`;
      return `<path d="${from} ${bow}" fill="${colours[(index + depth) % colours.length]}"/>`;
    });
    return nested.join("");
  });
};

export const FAMILIES: readonly Family[] = [rings, hills, tiles, petals, prisms, arches];
