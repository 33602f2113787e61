import { newId } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { CatalogService, CreateProductRequest, GetProductRequest } from "@plinth/proto/catalog/v1/catalog_pb";
import { type NewProduct, newProduct } from "../domain/new-product.ts";
import { changeProduct, moveProduct, type Product } from "../domain/product.ts";
import type { ProductKey, ProductStore } from "../domain/product-store.ts";
import { productOrderOf, productStatusOf } from "../messages/enums.ts";
import { type ProductMessage, productMessage, variantsOf } from "../messages/product-message.ts";
import type { ProductAccess } from "./product-access.ts";

type ProductHandlers = Pick<
  Handlers<typeof CatalogService>,
  | "createProduct"
  | "getProduct"
  | "listProducts"
  | "batchGetProducts"
  | "updateProduct"
  | "publishProduct"
  | "unpublishProduct"
  | "deleteProduct"
>;

/** @param publicUrl The gateway as shoppers see it. */
export function productHandlers(products: ProductStore, access: ProductAccess, publicUrl: () => string): ProductHandlers {
  const message = (product: Product) => productMessage(product, publicUrl());
  return {
    async createProduct(request, context) {
      const { slug } = request;
      const made = newProductOf(request);
      const product = newProduct(newId("prod"), context.tenantId, slug ?? "", made, new Date());
      context.restStatus = 201;
      return message(await products.insert(product, slug === undefined ? product.name : undefined));
    },

    async getProduct(request, context) {
      const key = keyOf(request);
      return message(await access.visible(await products.findProduct(key), key.value, context));
    },

    async listProducts({ category, query, status, anyStatus, orderBy, pageSize, pageToken }, context) {
      const wanted = anyStatus ? undefined : (productStatusOf(status) ?? "published");
      if (wanted !== "published") await access.checkSeesDrafts(context);
      const page = { size: pageSize || DEFAULT_PAGE_SIZE, token: pageToken };
      const { items, nextPageToken } = await products.listProducts({ category, query, status: wanted }, productOrderOf(orderBy), page);
      return { products: items.map(message), nextPageToken };
    },

    async batchGetProducts({ ids, skus }, context) {
      const visible = await access.visibleOf(await products.findProducts(ids, skus), context);
      const found = visible.map((product) => ({ ...message(product), description: "" }));
      const byId = new Map(found.map((product) => [product.id, product]));
      const bySku = new Map(found.flatMap((product) => (product.variants ?? []).map((variant) => [variant.sku, product])));
      const answer = (product: ProductMessage | undefined) => (product ? { product } : {});
      return {
        items: [...ids.map((id) => ({ id, ...answer(byId.get(id)) })), ...skus.map((sku) => ({ sku, ...answer(bySku.get(sku)) }))],
      };
    },

    async updateProduct({ id, expectedVersion, name, slug, variants, options, ...rest }) {
      const { description, brand, categoryId, taxClass, weightGrams } = rest;
      const change = {
        ...{ name, slug, description, brand, categoryId, taxClass, weightGrams },
        attributes: rest.attributes?.items,
        media: rest.media?.items.map(({ url, alt }) => ({ url, alt })),
        options: options?.items.map(({ name: option, values }) => ({ name: option, values })),
        variants: variants.length > 0 ? variantsOf(variants) : undefined,
      };
      const decide = (product: Product) => changeProduct(product, change, versionOf(expectedVersion), new Date());
      return message(await products.change(id, "updated", decide));
    },

    async publishProduct({ id, expectedVersion }) {
      const decide = (product: Product) => moveProduct(product, "publish", versionOf(expectedVersion), new Date());
      return message(await products.change(id, "published", decide));
    },

    async unpublishProduct({ id, expectedVersion }) {
      const decide = (product: Product) => moveProduct(product, "unpublish", versionOf(expectedVersion), new Date());
      return message(await products.change(id, "unpublished", decide));
    },

    async deleteProduct({ id }) {
      await products.remove(id);
      return {};
    },
  };
}

const DEFAULT_PAGE_SIZE = 20;

function newProductOf(request: CreateProductRequest): NewProduct {
  const { sku, name, description, brand, categoryId, attributes, taxClass, weightGrams, media, options, variants } = request;
  return {
    ...{ sku, name, description, brand, categoryId, attributes, taxClass, weightGrams },
    media: media.map(({ url, alt }) => ({ url, alt })),
    options: options.map(({ name: option, values }) => ({ name: option, values })),
    variants: variantsOf(variants),
  };
}

function keyOf({ id, slug, sku }: GetProductRequest): ProductKey {
  if (id !== "") return { by: "id", value: id };
  return slug !== "" ? { by: "slug", value: slug } : { by: "sku", value: sku };
}

/** Beyond the largest version there is, none is equal to it. */
function versionOf(expected: bigint | undefined): number | undefined {
  return expected === undefined ? undefined : Number(expected);
}
