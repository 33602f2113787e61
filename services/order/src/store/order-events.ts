import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Statement, Transaction } from "@plinth/kernel/database";
import type { AuditEntry, PreparedEvents } from "@plinth/kernel/events";
import type { Service } from "@plinth/kernel/service";
import {
  OrderCanceledSchema,
  OrderCompletedSchema,
  OrderCreatedSchema,
  type OrderEventLineSchema,
  OrderPaidSchema,
  OrderRefundedSchema,
  OrderRefundFailedSchema,
} from "@plinth/proto/order/v1/events_pb";
import type { Happening, Order, Refund } from "../domain/order.ts";
import { givenBack } from "../domain/refund.ts";

type Outlets = Pick<Service<unknown>, "publish" | "prepareEvents" | "audit">;

/** Where to it is said. */
interface Listener {
  publish<M extends DescMessage>(schema: M, event: MessageInitShape<M>): Promise<void>;
  audit(entry: AuditEntry): Promise<void>;
}

/** Says what happened to an order, to other modules and to the audit trail, in the transaction in which it happens. */
export class OrderEvents {
  readonly #outlets: Outlets;
  readonly #isChargedOnShipment: (order: Order) => boolean;

  /** `isChargedOnShipment`: whether an order that is just placed will be. */
  constructor(outlets: Outlets, isChargedOnShipment: (order: Order) => boolean) {
    this.#outlets = outlets;
    this.#isChargedOnShipment = isChargedOnShipment;
  }

  async happened(tx: Transaction, order: Order, happenings: readonly Happening[]): Promise<void> {
    const { publish, audit } = this.#outlets;
    const listener: Listener = { publish: (schema, event) => publish(tx, schema, event), audit: (entry) => audit(tx, entry) };
    for (const happening of happenings) await this.#tell(listener, order, happening);
  }

  /** The same for a statement that says it itself, all of it. */
  async prepare(tx: Statement, order: Order, happenings: readonly Happening[]): Promise<PreparedEvents> {
    const prepared = this.#outlets.prepareEvents(tx);
    let said = 0;
    const listener: Listener = {
      publish: async (schema, event) => prepared.add(String(++said), schema, event),
      audit: async (entry) => prepared.audit(String(++said), entry),
    };
    for (const happening of happenings) await this.#tell(listener, order, happening);
    return prepared;
  }

  noted(tx: Transaction, orderId: string, noteId: string): Promise<void> {
    return this.#outlets.audit(tx, entryOf("order.noted", orderId, { note_id: noteId }));
  }

  async #tell({ publish, audit }: Listener, order: Order, happening: Happening): Promise<void> {
    const whose = common(order);
    switch (happening.what) {
      case "placed":
        await publish(OrderCreatedSchema, { ...created(order), chargedOnShipment: this.#isChargedOnShipment(order) });
        return audit(entryOf("order.placed", order.id, { number: order.number, total: `${order.total} ${order.currency}` }));
      case "paid": {
        const paid = { amount: order.captured, currency: order.currency };
        return publish(OrderPaidSchema, {
          ...whose,
          locale: order.locale,
          paid,
          paidAt: timestampFromDate(order.paidAt ?? order.updatedAt),
        });
      }
      case "canceled":
        await publish(OrderCanceledSchema, {
          ...whose,
          locale: order.locale,
          reason: happening.reason,
          lines: order.lines.map((line) => lineMessage(line, order.currency)),
          canceledAt: timestampFromDate(order.canceledAt ?? order.updatedAt),
        });
        return audit(entryOf("order.canceled", order.id, { reason: happening.reason }));
      case "refund asked":
        return audit(entryOf("order.refund_asked", order.id, refundFacts(happening.refund, order)));
      case "refunded":
        await publish(OrderRefundedSchema, refunded(order, happening.refund));
        return audit(entryOf("order.refunded", order.id, refundFacts(happening.refund, order)));
      case "refund failed":
        if (happening.wasTold) await publish(OrderRefundFailedSchema, refundFailed(order, happening.refund));
        return audit(entryOf("order.refund_failed", order.id, refundFacts(happening.refund, order), "failure"));
      case "completed":
        return publish(OrderCompletedSchema, {
          ...whose,
          completedAt: timestampFromDate(order.completedAt ?? order.updatedAt),
        });
      default:
        // Told by those whom it happened to: payment and shipping.
        return;
    }
  }
}

function entryOf(
  action: string,
  orderId: string,
  metadata: Record<string, string>,
  outcome: "success" | "failure" = "success",
): AuditEntry {
  return { action, resource: "order", resourceId: orderId, outcome, metadata };
}

function common({ id: orderId, number, customerId, userId, email }: Order) {
  return { orderId, number, customerId, userId, email };
}

function created(order: Order): MessageInitShape<typeof OrderCreatedSchema> {
  const { currency, locale, shippingOption, shippingAddress, placedAt } = order;
  const money = (amount: bigint) => ({ amount, currency });
  return {
    ...common(order),
    locale,
    currency,
    lines: order.lines.map((line) => lineMessage(line, currency)),
    shippingAddress,
    shippingOption: shippingOption.code,
    shippingName: shippingOption.name,
    carrier: shippingOption.carrier,
    minDays: shippingOption.minDays,
    maxDays: shippingOption.maxDays,
    shipping: money(order.shipping),
    tax: money(order.tax),
    total: money(order.total),
    paymentProvider: order.paymentProvider,
    createdAt: timestampFromDate(placedAt),
  };
}

function refunded(order: Order, refund: Refund): MessageInitShape<typeof OrderRefundedSchema> {
  return { ...refundParts(order, refund), reason: refund.reason, refundedAt: timestampFromDate(new Date()) };
}

function refundFailed(order: Order, refund: Refund): MessageInitShape<typeof OrderRefundFailedSchema> {
  return { ...refundParts(order, refund), reason: refund.failure, failedAt: timestampFromDate(new Date()) };
}

function refundParts(order: Order, refund: Refund) {
  const money = (amount: bigint) => ({ amount, currency: order.currency });
  const skuOf = (lineId: string) => order.lines.find(({ id }) => id === lineId)?.sku ?? "";
  return {
    ...common(order),
    locale: order.locale,
    refundId: refund.id,
    amount: money(refund.amount),
    refunded: money(givenBack(order)),
    total: money(order.total),
    lines: refund.lines.map(({ lineId, quantity, amount }) => ({ lineId, sku: skuOf(lineId), quantity, amount: money(amount) })),
  };
}

function lineMessage(line: Order["lines"][number], currency: string): MessageInitShape<typeof OrderEventLineSchema> {
  const { id: lineId, sku, productId, name, quantity, warehouseId, weightGrams } = line;
  const money = (amount: bigint) => ({ amount, currency });
  return { lineId, sku, productId, name, quantity, warehouseId, weightGrams, unitPrice: money(line.unitPrice), gross: money(line.gross) };
}

function refundFacts({ id, amount, reason, failure }: Refund, { currency }: Order): Record<string, string> {
  return { refund_id: id, amount: `${amount} ${currency}`, reason, ...(failure === "" ? {} : { failure }) };
}
