import type { Intent, Refund } from "../domain/intent.ts";
import type { Operation } from "../domain/operation.ts";
import type { ProviderState } from "../domain/provider.ts";

/** What node-postgres makes of a row of `intents`: bigints are text. */
export interface IntentRow extends Record<string, unknown> {
  readonly id: string;
  readonly tenant_id: string;
  readonly reference: string;
  readonly provider: string;
  readonly state: Intent["state"];
  readonly currency: string;
  readonly amount: string;
  readonly authorized: string;
  readonly captured: string;
  readonly refunded: string;
  readonly customer_id: string;
  readonly fingerprint: string;
  readonly known: StoredState | null;
  readonly void_wanted: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** JSON has no bigint: amounts lie there as text. */
type Stored<T> = { readonly [K in keyof T]: T[K] extends bigint ? string : T[K] };
type StoredState = Omit<Stored<ProviderState>, "refunds"> & { readonly refunds: readonly Stored<ProviderState["refunds"][number]>[] };

/** A row of `operations` in JSON, where amounts and times are text. */
export interface OperationJson {
  readonly id: string;
  readonly tenant_id: string;
  readonly intent_id: string;
  readonly kind: Operation["kind"];
  readonly key: string;
  readonly status: Operation["status"];
  readonly amount: string;
  readonly final: boolean;
  readonly captured_before: string;
  readonly reason: string;
  readonly refund_reference: string | null;
  readonly method_token: string;
  readonly return_url: string;
  readonly replaces: string | null;
  readonly refusal: string;
  readonly lease_until: string;
  readonly created_at: string;
}

export interface RefundJson {
  readonly id: string;
  readonly intent_id: string;
  readonly amount: string;
  readonly status: Refund["status"];
  readonly provider_id: string;
  readonly reason: string;
  readonly reference: string | null;
  readonly created_at: string;
}

export function intentOf(row: IntentRow): Intent {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    reference: row.reference,
    provider: row.provider,
    state: row.state,
    currency: row.currency,
    amount: BigInt(row.amount),
    authorized: BigInt(row.authorized),
    captured: BigInt(row.captured),
    refunded: BigInt(row.refunded),
    customerId: row.customer_id,
    fingerprint: row.fingerprint,
    known: row.known === null ? null : stateOf(row.known),
    voidWanted: row.void_wanted,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function operationOfJson(row: OperationJson): Operation {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    intentId: row.intent_id,
    kind: row.kind,
    key: row.key,
    status: row.status,
    amount: BigInt(row.amount),
    final: row.final,
    capturedBefore: BigInt(row.captured_before),
    reason: row.reason,
    refundReference: row.refund_reference ?? "",
    methodToken: row.method_token,
    returnUrl: row.return_url,
    replaces: row.replaces ?? "",
    refusal: row.refusal,
    leaseUntil: new Date(row.lease_until),
    createdAt: new Date(row.created_at),
  };
}

export function refundOfJson(row: RefundJson): Refund {
  return {
    id: row.id,
    intentId: row.intent_id,
    amount: BigInt(row.amount),
    status: row.status,
    providerId: row.provider_id,
    reason: row.reason,
    reference: row.reference ?? "",
    createdAt: new Date(row.created_at),
  };
}

function stateOf(stored: StoredState): ProviderState {
  return {
    ...stored,
    decline: stored.decline,
    authorized: BigInt(stored.authorized),
    captured: BigInt(stored.captured),
    refunds: stored.refunds.map((refund) => ({ ...refund, operationId: refund.operationId, amount: BigInt(refund.amount) })),
  };
}
