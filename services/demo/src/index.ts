import { defineService } from "@plinth/kernel/service";
import { CatalogService } from "@plinth/proto/catalog/v1/catalog_pb";
import { CustomerService } from "@plinth/proto/customer/v1/customer_pb";
import { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import { PricingService } from "@plinth/proto/pricing/v1/pricing_pb";
import { ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";
import { fillShop } from "./fill-shop.ts";

/** Names this set of data: a shop that has it is left alone, whatever its people have made of it since. */
const DATA = "plinth-supply-1";

interface DemoConfig {
  /** The driver that parcels go by: `manual`, or `easypost` where it is set up. */
  readonly carrier: string;
}

export default defineService<DemoConfig>(import.meta.url, (service) => {
  const filling = service.saga(
    fillShop(
      {
        catalog: service.client("catalog", CatalogService),
        inventory: service.client("inventory", InventoryService),
        pricing: service.client("pricing", PricingService),
        shipping: service.client("shipping", ShippingService),
        customer: service.client("customer", CustomerService),
      },
      () => service.config.value.carrier,
    ),
  );
  service.onStart("fill-shop", async () => {
    await filling.run({}, { key: DATA, waitMs: 0 });
  });
});
