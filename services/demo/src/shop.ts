import type { Client } from "@plinth/kernel/client";
import type { CatalogService } from "@plinth/proto/catalog/v1/catalog_pb";
import type { CustomerService } from "@plinth/proto/customer/v1/customer_pb";
import type { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import type { PricingService } from "@plinth/proto/pricing/v1/pricing_pb";
import type { ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";

/** The modules that a shop is made of. */
export interface Shop {
  readonly catalog: Client<typeof CatalogService>;
  readonly inventory: Client<typeof InventoryService>;
  readonly pricing: Client<typeof PricingService>;
  readonly shipping: Client<typeof ShippingService>;
  readonly customer: Client<typeof CustomerService>;
}
