import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ProductSchema, Variant as VariantMessage } from "@plinth/proto/catalog/v1/catalog_pb";
import { imageUrlOf, type Product } from "../domain/product.ts";
import type { Variant } from "../domain/variants.ts";
import { PRODUCT_STATUS } from "./enums.ts";

export type ProductMessage = MessageInitShape<typeof ProductSchema>;

/** @param publicUrl The gateway as shoppers see it. */
export function productMessage(product: Product, publicUrl: string): ProductMessage {
  const { status, version, createdAt, updatedAt, publishedAt, media, options, variants, ...same } = product;
  return {
    ...same,
    attributes: { ...product.attributes },
    status: PRODUCT_STATUS[status],
    media: [...media],
    options: options.map(({ name, values }) => ({ name, values: [...values] })),
    variants: variants.map(({ sku, title, options: chosen, weightGrams }, position) => {
      return { sku, title, options: { ...chosen }, position, ...(weightGrams !== null && { weightGrams }) };
    }),
    imageUrl: imageUrlOf(product, publicUrl),
    version: BigInt(version),
    createdAt: timestampFromDate(createdAt),
    updatedAt: timestampFromDate(updatedAt),
    ...(publishedAt && { publishedAt: timestampFromDate(publishedAt) }),
  };
}

/** Variants as a request lists them: their order is their position. */
export function variantsOf(messages: readonly VariantMessage[]): Variant[] {
  return messages.map(({ sku, title, options, weightGrams = null }) => ({ sku, title: title.trim(), options, weightGrams }));
}
