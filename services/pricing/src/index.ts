import { defineService } from "@plinth/kernel/service";
import { CatalogService } from "@plinth/proto/catalog/v1/catalog_pb";
import {
  ProductCreatedSchema,
  ProductDeletedSchema,
  ProductPublishedSchema,
  ProductUnpublishedSchema,
  ProductUpdatedSchema,
} from "@plinth/proto/catalog/v1/events_pb";
import { PricingService } from "@plinth/proto/pricing/v1/pricing_pb";
import { createProductSource } from "./catalog/learn-products.ts";
import { createPriceBook } from "./domain/price-book.ts";
import type { TaxRounding } from "./domain/tax.ts";
import { priceHandlers } from "./rpc/price-handlers.ts";
import { quoteHandlers } from "./rpc/quote-handlers.ts";
import { shopHandlers } from "./rpc/shop-handlers.ts";
import { PostgresChannelStore } from "./store/channel-store.ts";
import { ChannelEntity } from "./store/entities.ts";
import { PriceEvents } from "./store/price-events.ts";
import { PostgresPriceStore } from "./store/price-store.ts";
import { ProductStore } from "./store/product-store.ts";
import { PostgresTaxStore } from "./store/tax-store.ts";
import { onProductChanged } from "./subscribers/on-product-changed.ts";
import { onProductDeleted } from "./subscribers/on-product-deleted.ts";

interface PricingConfig {
  /** What the default channel of a tenant is made by, at its first use. */
  readonly defaultChannel: {
    readonly currency: string;
    readonly country: string;
    readonly taxInclusive: boolean;
    readonly taxRounding: TaxRounding;
  };
}

export default defineService<PricingConfig>(
  import.meta.url,
  (service) => {
    const { database, cache, logger, config } = service;
    const memory = database.remember();
    const channels = new PostgresChannelStore(database, memory, service, () => ({ ...config.value.defaultChannel, warehouseId: "" }));
    const prices = new PostgresPriceStore(database, memory, channels, new PriceEvents(service));
    const products = new ProductStore(database, memory);
    const source = createProductSource({ catalog: service.client("catalog", CatalogService), products, cache, logger });

    service.rpc(PricingService, {
      ...quoteHandlers(createPriceBook(prices, source)),
      ...priceHandlers(prices),
      ...shopHandlers(channels, new PostgresTaxStore(database, memory, service)),
    });
    const changed = onProductChanged((tx, news) => products.take(tx, news));
    service.subscribe(ProductCreatedSchema, changed);
    service.subscribe(ProductUpdatedSchema, changed);
    service.subscribe(ProductPublishedSchema, changed);
    service.subscribe(ProductUnpublishedSchema, changed);
    service.subscribe(
      ProductDeletedSchema,
      onProductDeleted((tx, news) => products.take(tx, news)),
    );
  },
  { entities: [ChannelEntity] },
);
