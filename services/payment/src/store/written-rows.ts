import type { Intent, Refund } from "../domain/intent.ts";
import type { Operation } from "../domain/operation.ts";

/** A row by its columns, to be written as JSON. */
type Written = Readonly<Record<string, unknown>>;

export function intentRow(intent: Intent): Written {
  return {
    id: intent.id,
    tenant_id: intent.tenantId,
    reference: intent.reference,
    provider: intent.provider,
    provider_id: intent.known?.id || null,
    state: intent.state,
    currency: intent.currency,
    amount: intent.amount,
    authorized: intent.authorized,
    captured: intent.captured,
    refunded: intent.refunded,
    customer_id: intent.customerId,
    fingerprint: intent.fingerprint,
    known: intent.known,
    void_wanted: intent.voidWanted,
    created_at: intent.createdAt,
    updated_at: intent.updatedAt,
  };
}

export function operationRow(operation: Operation): Written {
  return {
    id: operation.id,
    tenant_id: operation.tenantId,
    intent_id: operation.intentId,
    kind: operation.kind,
    key: operation.key,
    status: operation.status,
    amount: operation.amount,
    final: operation.final,
    captured_before: operation.capturedBefore,
    reason: operation.reason,
    refund_reference: operation.refundReference,
    method_token: operation.methodToken,
    return_url: operation.returnUrl,
    replaces: operation.replaces,
    refusal: operation.refusal,
    lease_until: operation.leaseUntil,
    created_at: operation.createdAt,
  };
}

export function refundRow(tenantId: string, refund: Refund): Written {
  return {
    id: refund.id,
    tenant_id: tenantId,
    intent_id: refund.intentId,
    amount: refund.amount,
    status: refund.status,
    provider_id: refund.providerId,
    reason: refund.reason,
    reference: refund.reference,
    created_at: refund.createdAt,
  };
}

/** JSON has no bigint: amounts lie there as text. */
export function rowsJson(rows: readonly Written[]): string {
  return JSON.stringify(rows, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}
