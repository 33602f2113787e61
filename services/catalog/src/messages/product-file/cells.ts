import type { JsonValue } from "@bufbuild/protobuf";
import type { Column, ProductFields, VariantFields } from "../../domain/import/import-row.ts";
import type { Media, ProductStatus } from "../../domain/product.ts";
import { SLUG } from "../../domain/slug.ts";
import type { ProductOption } from "../../domain/variants.ts";

/** What is wrong with a cell, and how to mend it. */
export class CellFault extends Error {}

type Readers = {
  readonly [Name in Exclude<Column, "sku">]: (
    text: string,
  ) => Name extends keyof ProductFields ? ProductFields[Name] : Name extends keyof VariantFields ? VariantFields[Name] : string;
};

const MAX_GRAMS = 10_000_000;
const MAX_MEDIA = 20;
const MAX_ATTRIBUTES = 50;
const MEDIA_URL = /^(https?:\/\/|\/)[!-~]+$/;

/** What a cell of each column means. The limits are those of CreateProduct; an empty cell is an empty value. */
export const CELLS: Readers = {
  product: (text) => matching(trimmed(text, 120), SLUG, "lower-case letters and digits with single dashes between, such as blue-shirt"),
  name: (text) => trimmed(text, 200),
  description: (text) => bounded(text, 20_000),
  brand: (text) => trimmed(text, 100),
  category: (text) => trimmed(text, 120),
  tax_class: (text) => matching(trimmed(text, 32), /^[a-z0-9_-]+$/, "lower-case letters, digits, - and _, such as reduced"),
  status: (text) => statusOf(text.trim().toLowerCase()),
  weight_grams: (text) => (text.trim() === "" ? 0 : grams(text)),
  attributes: (text) => record(text, MAX_ATTRIBUTES, 500),
  media: (text) => list(text, MAX_MEDIA).map(mediumOf),
  product_options: (text) => list(text, 5).map(optionOf),
  title: (text) => trimmed(text, 200),
  options: (text) => record(text, 5, 100),
  variant_weight_grams: (text) => (text.trim() === "" ? null : grams(text)),
};

export function SKU_CELL(text: string): string {
  if (text === "") throw new CellFault("is missing; each row needs one");
  return matching(text, /^[!-~]{1,64}$/, "1 to 64 visible ASCII characters without spaces, such as SHIRT-BLUE-L");
}

function bounded(text: string, length: number): string {
  if (text.includes("\0")) throw new CellFault("must not hold the character U+0000");
  if (!text.isWellFormed()) throw new CellFault("holds half of a character");
  const signs = [...text].length;
  if (signs > length) throw new CellFault(`has ${signs} characters; at most ${length} are kept`);
  return text;
}

function trimmed(text: string, length: number): string {
  return bounded(text.trim(), length);
}

function matching(text: string, pattern: RegExp, form: string): string {
  if (text !== "" && !pattern.test(text)) throw new CellFault(`must be ${form}`);
  return text;
}

function statusOf(text: string): ProductStatus {
  // No product is without a status: an empty cell says nothing, whatever it is taken for here.
  if (text === "" || text === "draft") return "draft";
  if (text === "published") return "published";
  throw new CellFault("must be draft or published");
}

function grams(text: string): number {
  const value = text.trim();
  if (!/^\d{1,8}$/.test(value) || Number(value) > MAX_GRAMS) throw new CellFault(`must be a whole number of grams from 0 to ${MAX_GRAMS}`);
  return Number(value);
}

function json(text: string, form: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new CellFault(`must be JSON: ${form}`);
  }
}

function record(text: string, most: number, valueLength: number): Record<string, string> {
  const form = 'an object of texts, such as {"Size":"L"}';
  const value = text.trim() === "" ? {} : json(text, form);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new CellFault(`must be ${form}`);
  const entries = Object.entries(value);
  if (entries.length > most) throw new CellFault(`has ${entries.length} entries; at most ${most} are kept`);
  for (const [name, one] of entries) {
    if (typeof one !== "string") throw new CellFault(`"${name}" must be a text in quotes`);
    checkName(name);
    bounded(one, valueLength);
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function checkName(name: string): void {
  if (name === "" || name === "__proto__") throw new CellFault(`"${name}" is no name`);
  bounded(name, 50);
}

function list(text: string, most: number): JsonValue[] {
  const value = text.trim() === "" ? [] : json(text, "a list, such as []");
  if (!Array.isArray(value)) throw new CellFault("must be a list, such as []");
  if (value.length > most) throw new CellFault(`has ${value.length} items; at most ${most} are kept`);
  return value;
}

function mediumOf(item: JsonValue): Media {
  const { url, alt = "", ...rest } = fieldsOf(item);
  if (typeof url !== "string" || typeof alt !== "string" || Object.keys(rest).length > 0) {
    throw new CellFault('items must be like {"url":"https://…","alt":"…"}');
  }
  if (!MEDIA_URL.test(url)) throw new CellFault(`"${url.slice(0, 100)}" must be an http or https address, or a path that begins with /`);
  return { url: bounded(url, 2000), alt: bounded(alt, 500) };
}

function optionOf(item: JsonValue): ProductOption {
  const { name, values, ...rest } = fieldsOf(item);
  const texts = Array.isArray(values) ? values.filter((value) => typeof value === "string" && value !== "") : [];
  if (typeof name !== "string" || !Array.isArray(values) || texts.length !== values.length || Object.keys(rest).length > 0) {
    throw new CellFault('items must be like {"name":"Size","values":["S","M"]}');
  }
  checkName(name);
  if (new Set(texts).size !== texts.length) throw new CellFault(`"${name}" has a value twice`);
  return { name, values: texts.map((value) => bounded(String(value), 100)) };
}

function fieldsOf(item: JsonValue): Record<string, JsonValue | undefined> {
  return typeof item === "object" && item !== null && !Array.isArray(item) ? item : {};
}
