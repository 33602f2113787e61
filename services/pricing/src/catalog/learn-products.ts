import { currentContext, DEFAULT_TENANT } from "@plinth/kernel/base";
import type { Cache } from "@plinth/kernel/cache";
import type { Client } from "@plinth/kernel/client";
import type { Logger } from "@plinth/kernel/logging";
import type { CatalogService } from "@plinth/proto/catalog/v1/catalog_pb";
import type { ProductNames, ProductSource } from "../domain/product.ts";
import { productOfCatalog } from "../messages/product-message.ts";
import type { ProductStore } from "../store/product-store.ts";

/** A name that the catalog does not know, or hides, is not asked for again within this time: events tell what changes meanwhile. */
const ASK_AGAIN_MS = 5_000;

export interface LearningParts {
  readonly catalog: Pick<Client<typeof CatalogService>, "batchGetProducts">;
  readonly products: Pick<ProductStore, "takeAll">;
  readonly cache: Cache;
  readonly logger: Logger;
}

interface Name {
  readonly kind: "id" | "sku";
  readonly name: string;
  /** In the cache, and in the table of what is being asked. */
  readonly key: string;
}

/**
 * Asks the catalog for what no event told of yet: a product that was made this moment, or before this module was there. All names of a request go
 * in one call; who wants a name that is being asked for waits for that call.
 */
export function createProductSource({ catalog, products, cache, logger }: LearningParts): ProductSource {
  const asking = new Map<string, Promise<boolean>>();

  /** True: the catalog has some of them. They are known now, by this answer or by an event that was faster. */
  async function ask(names: readonly Name[]): Promise<boolean> {
    const of = (kind: Name["kind"]) => names.filter((one) => one.kind === kind).map(({ name }) => name);
    let missing = names;
    try {
      const { items } = await catalog.batchGetProducts({ ids: of("id"), skus: of("sku") });
      missing = names.filter((_, index) => !items[index]?.product);
      const found = new Map(items.flatMap(({ product }) => (product ? [[product.id, productOfCatalog(product)]] : [])));
      if (found.size > 0) await products.takeAll([...found.values()]);
      return found.size > 0;
    } catch (error) {
      logger.warn("The catalog could not be asked for products; what is known of them goes on", { error });
      return false;
    } finally {
      for (const { key } of missing) await cache.set(key, null, { ttlMs: ASK_AGAIN_MS });
      for (const { key } of names) asking.delete(key);
    }
  }

  return {
    async learn(wanted) {
      const names = namesOf(wanted);
      const asked = await Promise.all(names.map(({ key }) => cache.get(key)));
      // Nothing waits from here until all are noted, so that nobody asks beside.
      const open = names.filter((_, index) => asked[index] === undefined);
      const fresh = open.filter(({ key }) => !asking.has(key));
      if (fresh.length > 0) {
        const answer = ask(fresh);
        for (const { key } of fresh) asking.set(key, answer);
      }
      const answers = new Set(open.map(({ key }) => asking.get(key)));
      return (await Promise.all(answers)).includes(true);
    },
  };
}

/** In the order in which the catalog answers them: ids first. */
function namesOf({ productIds, skus }: ProductNames): Name[] {
  const tenantId = currentContext()?.tenantId ?? DEFAULT_TENANT;
  const named = (kind: Name["kind"], names: readonly string[]) =>
    [...new Set(names)].map((name): Name => ({ kind, name, key: `asked:${tenantId}:${kind}:${name}` }));
  return [...named("id", productIds), ...named("sku", skus)];
}
