import type { MessageInitShape } from "@bufbuild/protobuf";
import { validation } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { CatalogService } from "@plinth/proto/catalog/v1/catalog_pb";
import type { HttpBodySchema } from "@plinth/proto/google/api/httpbody_pb";
import { importProducts } from "../domain/import/import-products.ts";
import type { ImportStore } from "../domain/import/import-store.ts";
import type { ProductStore } from "../domain/product-store.ts";
import { importMessage } from "../messages/import-message.ts";
import { readProducts } from "../messages/product-file/read-products.ts";
import { type ProductFileText, productFileText } from "../messages/product-file/write-products.ts";

/** Few products make a message, however long their texts are: a message of more than 4 MiB is refused by its reader. */
const CHUNK_CHARACTERS = 64 * 1024;

type FileHandlers = Pick<Handlers<typeof CatalogService>, "importProducts" | "exportProducts">;

export function fileHandlers(products: ProductStore, imports: ImportStore): FileHandlers {
  return {
    async importProducts({ file, format, dryRun }) {
      if (file === undefined || file.data.length === 0) throw validation({ file: "is empty; send the file as the body" });
      const read = readProducts(file.data, file.contentType, format);
      return importMessage(await importProducts(imports, read, dryRun), dryRun);
    },

    async *exportProducts({ format }, context) {
      const text = productFileText(format);
      const name = `products-${new Date().toISOString().slice(0, 10)}.${text.extension}`;
      context.responseHeaders.set("content-disposition", `attachment; filename="${name}"`);
      let waiting = text.head;
      for await (const some of products.scan()) {
        for (const [product, categorySlug] of some) {
          waiting += text.product(product, categorySlug);
          if (waiting.length < CHUNK_CHARACTERS) continue;
          yield chunk(text, waiting);
          waiting = "";
        }
      }
      yield chunk(text, waiting);
    },
  };
}

function chunk({ contentType }: ProductFileText, text: string): MessageInitShape<typeof HttpBodySchema> {
  return { contentType, data: new TextEncoder().encode(text) };
}
