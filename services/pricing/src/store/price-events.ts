import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { currentContext } from "@plinth/kernel/base";
import type { Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import { PriceChangedSchema } from "@plinth/proto/pricing/v1/events_pb";
import type { PriceChange } from "../domain/base-price.ts";

/** SKUs named in one audit entry; the history names them all. */
const NAMED_SKUS = 20;

/** Says which prices changed, in the transaction in which they do. */
export class PriceEvents {
  readonly #outlets: Pick<Service<unknown>, "publish" | "audit">;

  constructor(outlets: Pick<Service<unknown>, "publish" | "audit">) {
    this.#outlets = outlets;
  }

  async changed(tx: Transaction, action: "price.set" | "price.deleted", changes: readonly PriceChange[]): Promise<void> {
    const [first] = changes;
    if (!first) return;
    const actorId = currentContext()?.user?.id ?? "";
    for (const { sku, currency, warehouseId, minQuantity, amount, previous, changedAt } of changes) {
      await this.#outlets.publish(tx, PriceChangedSchema, {
        ...{ sku, currency, warehouseId, minQuantity, actorId, changedAt: timestampFromDate(changedAt) },
        ...(amount === undefined ? {} : { price: { amount, currency } }),
        ...(previous === undefined ? {} : { previous: { amount: previous, currency } }),
      });
    }
    const skus = [...new Set(changes.map(({ sku }) => sku))];
    const metadata = { prices: String(changes.length), skus: skus.slice(0, NAMED_SKUS).join(" ") };
    await this.#outlets.audit(tx, { action, resource: "price", resourceId: first.sku, outcome: "success", metadata });
  }
}
