import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { validation } from "@plinth/kernel/base";

/** Attributes as expressions read them: maps instead of objects, so that no key means anything to JavaScript. */
export type AttributeValue = null | boolean | number | string | readonly AttributeValue[] | Attributes;
export type Attributes = ReadonlyMap<string, AttributeValue>;

/** In characters of keys and texts. */
const MAX_CHARACTERS = 65_536;
/** Each key and each element counts. `x in resource.list` looks at them one by one, in each step of a loop again. */
const MAX_VALUES = 1000;
const MAX_DEPTH = 16;

export const NO_ATTRIBUTES: Attributes = new Map();

/**
 * Throws VALIDATION_ERROR on `field` for more than a policy can be asked to look at: what is refused here cannot make a
 * denying policy fail for its size.
 */
export function readAttributes(object: JsonObject | undefined, field: string): Attributes {
  if (object === undefined) return NO_ATTRIBUTES;
  const room = { characters: MAX_CHARACTERS, values: MAX_VALUES };
  const take = (characters: number) => {
    room.characters -= characters;
    if (--room.values < 0) throw validation({ [field]: `has more than ${MAX_VALUES} values; send only what policies look at` });
    if (room.characters < 0) throw validation({ [field]: `is larger than ${MAX_CHARACTERS / 1024} KiB; send only what policies look at` });
  };
  const readObject = (value: JsonObject, depth: number): Attributes => {
    const map = new Map<string, AttributeValue>();
    for (const [key, element] of Object.entries(value)) {
      take(key.length);
      map.set(key, read(element, depth));
    }
    return map;
  };
  const read = (value: JsonValue, depth: number): AttributeValue => {
    if (depth > MAX_DEPTH) throw validation({ [field]: `is nested deeper than ${MAX_DEPTH} levels` });
    if (typeof value === "string") room.characters -= value.length;
    if (typeof value !== "object" || value === null) return value;
    if (!Array.isArray(value)) return readObject(value, depth + 1);
    return value.map((element) => {
      take(0);
      return read(element, depth + 1);
    });
  };
  const attributes = readObject(object, 1);
  if (room.characters < 0) throw validation({ [field]: `is larger than ${MAX_CHARACTERS / 1024} KiB; send only what policies look at` });
  return attributes;
}
