import type { BodyReader } from "./request.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Brackets and braces that are open around an item of a list, and within it around its metadata's fields. */
const IN_ITEMS = 2;
const IN_METADATA = IN_ITEMS + 2;

/**
 * Reads the answer to a list as it comes, and tells of each item as soon as it is whole: a list of megabytes is never in memory, neither as text nor as
 * objects. The `managedFields` of its items, which are half of it, are not even parsed. What it answers in the end is the list without its items.
 */
export function createListReader<T>(onItem: (item: unknown) => void): BodyReader<T> {
  /** What of the bytes is still needed: the item that has begun, or the key that comes before what is read. */
  let bytes: Buffer = Buffer.alloc(0);
  let at = 0;
  let depth = 0;
  let inText = false;
  /** The last text that ended, by its place: keys are told by it. */
  let textFrom = 0;
  let textTo = 0;
  let inItems = false;
  /** Where in `bytes` the item in hand begins; -1 between items. */
  let itemFrom = -1;
  let inMetadata = false;
  let commaAt = -1;
  let cutFrom = -1;
  let cutTo = -1;
  /** Where the bytes outside of items that are not yet in `rest` begin. */
  let restFrom = 0;
  let rest = "";

  function isText(text: string): boolean {
    return textTo - textFrom === text.length && bytes.toString("latin1", textFrom, textTo) === text;
  }

  function open(byte: number): void {
    depth++;
    if (byte === OPEN_BRACKET) {
      if (depth === IN_ITEMS && isText("items")) {
        inItems = true;
        rest += bytes.toString("utf8", restFrom, at + 1);
      } else if (inMetadata && depth === IN_METADATA + 1 && cutTo === -1 && commaAt !== -1 && isText("managedFields")) cutFrom = commaAt;
    } else if (inItems) {
      if (depth === IN_ITEMS + 1) itemFrom = at;
      else if (depth === IN_METADATA) inMetadata = isText("metadata");
    }
  }

  function close(byte: number): void {
    depth--;
    if (!inItems) return;
    if (byte === CLOSE_BRACKET) {
      if (depth === IN_ITEMS - 1) {
        inItems = false;
        restFrom = at;
      } else if (cutFrom !== -1 && cutTo === -1 && depth === IN_METADATA) cutTo = at + 1;
    } else if (depth === IN_ITEMS) endItem();
    else if (depth === IN_METADATA - 1) inMetadata = false;
  }

  function endItem(): void {
    const text =
      cutTo === -1
        ? bytes.toString("utf8", itemFrom, at + 1)
        : bytes.toString("utf8", itemFrom, cutFrom) + bytes.toString("utf8", cutTo, at + 1);
    itemFrom = -1;
    cutFrom = -1;
    cutTo = -1;
    commaAt = -1;
    onItem(JSON.parse(text));
  }

  /** Forgets what nobody needs any more, and takes the chunk behind the rest. */
  function append(chunk: Buffer): void {
    if (!inItems) {
      rest += bytes.toString("utf8", restFrom, bytes.length);
      restFrom = 0;
    }
    const from = inItems && itemFrom !== -1 ? itemFrom : Math.min(textFrom, bytes.length);
    if (!inItems) restFrom = bytes.length - from;
    bytes = from === bytes.length ? chunk : Buffer.concat([bytes.subarray(from), chunk]);
    at -= from;
    textFrom -= from;
    textTo -= from;
    if (itemFrom !== -1) itemFrom -= from;
    if (commaAt !== -1) commaAt -= from;
    if (cutFrom !== -1) cutFrom -= from;
    if (cutTo !== -1) cutTo -= from;
  }

  return {
    push(chunk) {
      append(chunk);
      for (const { length } = bytes; at < length; at++) {
        const byte = bytes[at] as number;
        if (inText) {
          if (byte === QUOTE) {
            inText = false;
            textTo = at;
          } else if (byte === BACKSLASH) at++;
        } else if (byte === QUOTE) {
          inText = true;
          textFrom = at + 1;
        } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) open(byte);
        else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) close(byte);
        else if (byte === COMMA && inMetadata && depth === IN_METADATA) commaAt = at;
      }
    },
    end() {
      if (!inItems) rest += bytes.toString("utf8", restFrom, bytes.length);
      return JSON.parse(rest) as T;
    },
  };
}
