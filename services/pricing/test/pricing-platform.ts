import { runInContext } from "@plinth/kernel/base";
import type { ServiceDefinition } from "@plinth/kernel/service";
import { type CountedDatabase, openCountedDatabase, type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { PricingService } from "@plinth/proto/pricing/v1/pricing_pb";
import { Pool } from "pg";
import type { Product, Variant } from "../src/domain/product.ts";
import pricing from "../src/index.ts";
import { ProductStore } from "../src/store/product-store.ts";

/** The service with products that it knows, and a look at its tables past it. */
export interface PricingPlatform extends CountedDatabase {
  readonly harness: ServiceHarness;
  as(tenantId?: string): ReturnType<typeof clientOf>;
  /** A product of which pricing heard, published and with one SKU unless said otherwise; answers it. */
  heard(product?: Partial<Product>, tenantId?: string): Promise<Product>;
  /** A new SKU of a product of its own, with this price for everywhere in EUR. */
  priced(amount: bigint, variant?: Partial<Variant>): Promise<string>;
  /** As the schema's superuser: every tenant's rows. */
  sql<Row = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
}

const clientOf = (harness: ServiceHarness, tenantId = "default") =>
  harness.client("pricing", PricingService, { user: { id: "user_manager", tenantId } });

export async function startPricingPlatform(
  others: readonly ServiceDefinition<never>[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<PricingPlatform> {
  const harness = await startHarness({ services: [...others, pricing as ServiceDefinition<never>], env });
  const admin = new Pool({ connectionString: harness.adminUrl, max: 4 });
  const { database, counted } = await openCountedDatabase({ url: harness.databaseUrl("pricing"), schema: "pricing" });
  const products = new ProductStore(database, database.remember());
  const as = (tenantId?: string) => clientOf(harness, tenantId);
  let made = 0;
  const heard: PricingPlatform["heard"] = async (change = {}, tenantId = "default") => {
    made++;
    const variant = { sku: `SKU-${made}`, title: "", taxClass: "standard", weightGrams: 100 };
    const product = {
      ...{
        productId: `prod_${made}`,
        name: `Product ${made}`,
        published: true,
        imageUrl: `/p/${made}.svg`,
        revision: 1n,
        variants: [variant],
      },
      ...change,
    };
    const signal = AbortSignal.timeout(10_000);
    await runInContext({ requestId: "", traceId: "", module: "pricing", tenantId, signal }, () => products.takeAll([product]));
    return product;
  };
  return {
    harness,
    database,
    counted,
    as,
    heard,
    async priced(amount, variant = {}) {
      const sku = variant.sku ?? `PRICED-${++made}`;
      await heard({ variants: [{ sku, title: "", taxClass: "standard", weightGrams: 100, ...variant }] });
      await as().setPrices({ prices: [{ sku, price: { amount, currency: "EUR" } }] });
      return sku;
    },
    sql: async <Row>(text: string, parameters: readonly unknown[] = []) => (await admin.query(text, [...parameters])).rows as Row[],
    async stop() {
      await database.close();
      await admin.end();
      await harness.stop();
    },
  };
}
