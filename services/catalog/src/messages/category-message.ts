import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { CategorySchema } from "@plinth/proto/catalog/v1/catalog_pb";
import type { Category } from "../domain/category.ts";

export function categoryMessage(category: Category): MessageInitShape<typeof CategorySchema> {
  const { id, slug, name, parentId, position, version, createdAt, updatedAt } = category;
  return {
    ...{ id, slug, name, position },
    parentId: parentId ?? "",
    version: BigInt(version),
    createdAt: timestampFromDate(createdAt),
    updatedAt: timestampFromDate(updatedAt),
  };
}
