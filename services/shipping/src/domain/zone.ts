import { conflict, notFound, type PlinthError } from "@plinth/kernel/base";

/** A country, or the parts of it whose postal codes begin so. */
export interface ZoneArea {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** Capital letters and digits; empty: the whole country. */
  readonly postalPrefixes: readonly string[];
}

/** A part of the world in which options have their own rates. A place lies in one zone. */
export interface Zone {
  readonly id: string;
  readonly tenantId: string;
  /** Unique in the tenant. */
  readonly code: string;
  readonly name: string;
  readonly areas: readonly ZoneArea[];
  /** It has every country that no zone names. */
  readonly restOfWorld: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What stands for the rest of the world where places are listed one by one. */
export const EVERYWHERE = "*";
export const MAX_ZONES = 200;

/** One place of a zone; an empty prefix is the whole country. */
export interface Place {
  readonly country: string;
  readonly postalPrefix: string;
}

export function placesOf({ areas, restOfWorld }: Pick<Zone, "areas" | "restOfWorld">): Place[] {
  const places = areas.flatMap(({ country, postalPrefixes }) =>
    (postalPrefixes.length === 0 ? [""] : postalPrefixes).map((postalPrefix) => ({ country, postalPrefix })),
  );
  return restOfWorld ? [...places, { country: EVERYWHERE, postalPrefix: "" }] : places;
}

export function areasOf(places: readonly Place[]): { areas: ZoneArea[]; restOfWorld: boolean } {
  const prefixes = Map.groupBy(
    places.filter(({ country }) => country !== EVERYWHERE),
    ({ country }) => country,
  );
  const areas = [...prefixes].map(([country, own]) => ({
    country,
    postalPrefixes: own.map(({ postalPrefix }) => postalPrefix).filter((prefix) => prefix !== ""),
  }));
  return { areas, restOfWorld: places.some(({ country }) => country === EVERYWHERE) };
}

/** `sw1a 1-aa` → `SW1A1AA`: as prefixes are written. */
export function normalPostalCode(text: string): string {
  return text.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
}

export function zoneNotFound(code: string): PlinthError {
  return notFound(`There is no zone ${code}.`, { reason: "ZONE_NOT_FOUND", metadata: { zone: code } });
}

export function zonesOverlap({ country, postalPrefix }: Place, other: string): PlinthError {
  const place = country === EVERYWHERE ? "The rest of the world" : `${country}${postalPrefix === "" ? "" : ` ${postalPrefix}…`}`;
  return conflict(`${place} is in zone ${other} already; take it out there first.`, {
    reason: "ZONE_OVERLAP",
    metadata: { country, postal_prefix: postalPrefix, zone: other },
  });
}
