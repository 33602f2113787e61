import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import { CategoryCreatedSchema, CategoryDeletedSchema, CategoryUpdatedSchema } from "@plinth/proto/catalog/v1/events_pb";
import type { Category } from "../domain/category.ts";

/** Says what happened to a category, to other modules and to the audit trail, in the transaction in which it happens. */
export class CategoryEvents {
  readonly #outlets: Pick<Service<unknown>, "publish" | "audit">;

  constructor(outlets: Pick<Service<unknown>, "publish" | "audit">) {
    this.#outlets = outlets;
  }

  async created(tx: Transaction, category: Category): Promise<void> {
    await this.#outlets.publish(tx, CategoryCreatedSchema, { ...wholeOf(category), createdAt: timestampFromDate(category.createdAt) });
    await this.#audit(tx, "category.created", category);
  }

  async updated(tx: Transaction, category: Category): Promise<void> {
    await this.#outlets.publish(tx, CategoryUpdatedSchema, { ...wholeOf(category), updatedAt: timestampFromDate(category.updatedAt) });
    await this.#audit(tx, "category.updated", category);
  }

  async deleted(tx: Transaction, category: Category, at: Date): Promise<void> {
    const { id: categoryId, slug, version } = category;
    const revision = BigInt(version + 1);
    await this.#outlets.publish(tx, CategoryDeletedSchema, { categoryId, slug, revision, deletedAt: timestampFromDate(at) });
    await this.#audit(tx, "category.deleted", category);
  }

  #audit(tx: Transaction, action: string, { id, slug, parentId }: Category): Promise<void> {
    const metadata = { slug, parent_id: parentId ?? "" };
    return this.#outlets.audit(tx, { action, resource: "category", resourceId: id, outcome: "success", metadata });
  }
}

function wholeOf({ id, name, slug, parentId, position, version }: Category) {
  return { categoryId: id, name, slug, parentId: parentId ?? "", position, revision: BigInt(version) };
}
