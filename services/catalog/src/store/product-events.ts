import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import {
  ProductCreatedSchema,
  ProductDeletedSchema,
  ProductPublishedSchema,
  ProductUnpublishedSchema,
  ProductUpdatedSchema,
} from "@plinth/proto/catalog/v1/events_pb";
import { imageUrlOf, type Product, weightOf } from "../domain/product.ts";
import type { ProductAct } from "../domain/product-store.ts";

/** Says what happened to a product, to other modules and to the audit trail, in the transaction in which it happens. */
export class ProductEvents {
  readonly #outlets: Pick<Service<unknown>, "publish" | "audit">;
  readonly #publicUrl: () => string;

  /** @param publicUrl The gateway as shoppers see it. */
  constructor(outlets: Pick<Service<unknown>, "publish" | "audit">, publicUrl: () => string) {
    this.#outlets = outlets;
    this.#publicUrl = publicUrl;
  }

  async created(tx: Transaction, product: Product): Promise<void> {
    await this.#outlets.publish(tx, ProductCreatedSchema, { ...this.#whole(product), createdAt: timestampFromDate(product.createdAt) });
    await this.#audit(tx, "product.created", product);
  }

  async changed(tx: Transaction, product: Product, act: ProductAct): Promise<void> {
    const at = timestampFromDate(product.updatedAt);
    const whole = this.#whole(product);
    if (act === "published") await this.#outlets.publish(tx, ProductPublishedSchema, { ...whole, publishedAt: at });
    else if (act === "unpublished") await this.#outlets.publish(tx, ProductUnpublishedSchema, { ...whole, unpublishedAt: at });
    else await this.#outlets.publish(tx, ProductUpdatedSchema, { ...whole, updatedAt: at });
    await this.#audit(tx, `product.${act}`, product);
  }

  async deleted(tx: Transaction, product: Product, at: Date): Promise<void> {
    const { id: productId, variants, version } = product;
    const skus = variants.map(({ sku }) => sku);
    const deleted = { productId, skus, revision: BigInt(version + 1), deletedAt: timestampFromDate(at) };
    await this.#outlets.publish(tx, ProductDeletedSchema, deleted);
    await this.#audit(tx, "product.deleted", product);
  }

  #whole(product: Product) {
    const { id: productId, name, slug, status, taxClass, version } = product;
    const variants = product.variants.map((variant) => {
      return { sku: variant.sku, title: variant.title, taxClass, weightGrams: weightOf(product, variant) };
    });
    const imageUrl = imageUrlOf(product, this.#publicUrl());
    return { productId, name, slug, published: status === "published", variants, revision: BigInt(version), imageUrl };
  }

  #audit(tx: Transaction, action: string, { id, slug, version }: Product): Promise<void> {
    const metadata = { slug, version: String(version) };
    return this.#outlets.audit(tx, { action, resource: "product", resourceId: id, outcome: "success", metadata });
  }
}
