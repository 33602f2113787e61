import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import {
  PaymentAuthorizedSchema,
  PaymentCapturedSchema,
  PaymentFailedSchema,
  PaymentRefundedSchema,
  PaymentRefundFailedSchema,
  PaymentVoidedSchema,
} from "@plinth/proto/payment/v1/events_pb";
import type { Difference } from "../domain/difference.ts";
import type { Intent, Refund } from "../domain/intent.ts";
import type { Happening } from "../domain/observe.ts";

/** Says what happened to a payment, to other modules and to the audit trail, in the transaction in which it happens. */
export class PaymentEvents {
  readonly #service: Pick<Service<unknown>, "publish" | "audit">;

  constructor(service: Pick<Service<unknown>, "publish" | "audit">) {
    this.#service = service;
  }

  async tell(tx: Transaction, intent: Intent, happenings: readonly Happening[]): Promise<void> {
    for (const happening of happenings) {
      await this.#publish(tx, intent, happening);
      await this.#service.audit(tx, {
        action: `payment.${happening.what.replaceAll(" ", "_")}`,
        resource: "payment",
        resourceId: intent.id,
        outcome: happening.what === "failed" || happening.what === "refund failed" ? "failure" : "success",
        metadata: { reference: intent.reference, amount: String(happening.amount ?? 0n), currency: intent.currency },
      });
    }
  }

  async differ(tx: Transaction, differences: readonly Difference[]): Promise<void> {
    for (const { paymentId, providerId, reference, what, currency, ours, theirs } of differences) {
      await this.#service.audit(tx, {
        action: "payment.differed",
        resource: "payment",
        resourceId: paymentId || providerId,
        outcome: "failure",
        metadata: { provider_id: providerId, reference, what, currency, ours: String(ours), theirs: String(theirs) },
      });
    }
  }

  async #publish(tx: Transaction, intent: Intent, { what, amount: moved = 0n, refund, sums, code = "" }: Happening): Promise<void> {
    const { id: paymentId, reference, provider, customerId, currency, updatedAt } = intent;
    const payment = { paymentId, reference, provider, customerId };
    const at = timestampFromDate(updatedAt);
    const money = (amount: bigint) => ({ amount, currency });
    const refundSoFar = () => ({
      ...payment,
      ...refundNames(refund),
      amount: money(moved),
      refunded: money(sums?.refunded ?? intent.refunded),
      failed: money(sums?.failed ?? 0n),
    });
    switch (what) {
      case "authorized":
        return this.#service.publish(tx, PaymentAuthorizedSchema, {
          ...payment,
          amount: money(intent.amount),
          authorized: money(moved),
          authorizedAt: at,
        });
      case "captured":
        return this.#service.publish(tx, PaymentCapturedSchema, {
          ...payment,
          amount: money(moved),
          captured: money(intent.captured),
          final: intent.state === "captured",
          capturedAt: at,
        });
      case "failed": {
        const { code = "", declineCode = "" } = intent.known?.decline ?? {};
        return this.#service.publish(tx, PaymentFailedSchema, {
          ...payment,
          amount: money(intent.amount),
          code,
          declineCode,
          failedAt: at,
        });
      }
      case "refunded":
        return this.#service.publish(tx, PaymentRefundedSchema, {
          ...refundSoFar(),
          refundedAt: at,
        });
      case "refund failed":
        return this.#service.publish(tx, PaymentRefundFailedSchema, {
          ...refundSoFar(),
          code,
          failedAt: at,
        });
      case "voided":
        // Of a reference that never arrived nobody knows the currency, and nobody waits for news.
        if (currency === "") return;
        return this.#service.publish(tx, PaymentVoidedSchema, { ...payment, amount: money(moved), voidedAt: at });
      case "asked":
      case "requires action":
        return;
    }
  }
}

function refundNames(refund: Refund | undefined) {
  return { refundId: refund?.id ?? "", refundReference: refund?.reference ?? "" };
}
