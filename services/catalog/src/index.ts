import { defineService } from "@plinth/kernel/service";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { CatalogService } from "@plinth/proto/catalog/v1/catalog_pb";
import { categoryHandlers } from "./rpc/category-handlers.ts";
import { fileHandlers } from "./rpc/file-handlers.ts";
import { pictureHandler } from "./rpc/picture.ts";
import { productAccess } from "./rpc/product-access.ts";
import { productHandlers } from "./rpc/product-handlers.ts";
import { CategoryEvents } from "./store/category-events.ts";
import { PostgresCategoryStore } from "./store/category-store.ts";
import { CategoryEntity } from "./store/entities.ts";
import { PostgresImportStore } from "./store/import-store.ts";
import { ProductEvents } from "./store/product-events.ts";
import { PostgresProductStore } from "./store/product-store.ts";

interface CatalogConfig {
  /** The gateway as shoppers see it; drawn pictures are linked there. */
  readonly publicUrl: string;
}

export default defineService<CatalogConfig>(
  import.meta.url,
  (service) => {
    const publicUrl = () => service.config.value.publicUrl;
    const events = new ProductEvents(service, publicUrl);
    const products = new PostgresProductStore(service.database, events);
    const imports = new PostgresImportStore(service.database, events);
    const categories = new PostgresCategoryStore(service.database, new CategoryEvents(service));
    const access = productAccess(service.client("authz", AuthzService));

    service.rpc(CatalogService, {
      ...productHandlers(products, access, publicUrl),
      ...categoryHandlers(categories),
      ...fileHandlers(products, imports),
    });
    service.http("get", "/api/v1/catalog/products/:id/picture.svg", pictureHandler(products, categories, access));
  },
  { entities: [CategoryEntity] },
);
