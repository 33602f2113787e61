import { internal } from "@plinth/kernel/base";
import { FileFormat } from "@plinth/proto/catalog/v1/catalog_pb";
import { readData } from "../read-rows.ts";
import type { Shop } from "../shop.ts";

/** Imports the products by their file, as any shop would. */
export async function makeProducts({ catalog }: Pick<Shop, "catalog">, idempotencyKey: string): Promise<void> {
  const file = { contentType: "text/csv", data: await readData("products.csv") };
  const { errors, errorCount } = await catalog.importProducts({ file, format: FileFormat.CSV }, { idempotencyKey });
  const [first] = errors;
  if (first) throw internal(`${errorCount} rows of products.csv were refused; line ${first.line}, ${first.field}: ${first.problem}`);
}
