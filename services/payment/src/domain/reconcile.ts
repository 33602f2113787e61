import { runInContext, validation } from "@plinth/kernel/base";
import type { PaymentPorts } from "./call-provider.ts";
import type { Difference } from "./difference.ts";
import { capturable, type Intent } from "./intent.ts";
import { type ListedPayment, type PaymentProvider, ProviderRefusal, type ProviderState } from "./provider.ts";

export interface Reconciliation {
  readonly compared: number;
  readonly differences: readonly Difference[];
}

type Amounts = Pick<ListedPayment, "held" | "captured" | "refunded">;

/**
 * Compares one tenant's payments that were made since a moment with what the provider has of them, and notes each difference. Throws
 * VALIDATION_ERROR, reason PROVIDER_NOT_SET_UP.
 */
export async function reconcile(ports: PaymentPorts, tenantId: string, name: string, since: Date): Promise<Reconciliation> {
  const provider = ports.providers.get(name);
  if (provider === undefined) {
    const known = [...ports.providers.keys()].join(", ");
    throw validation({ provider: `must be one that is set up: ${known}` }, { reason: "PROVIDER_NOT_SET_UP" });
  }
  const theirs: ListedPayment[] = [];
  for await (const payment of provider.list(since)) if (payment.tenantId === tenantId) theirs.push(payment);
  return compareAll(ports, provider, theirs, since);
}

/** The same for every provider and tenant; the provider is read through once. */
export async function reconcileAll(ports: PaymentPorts, since: Date): Promise<void> {
  for (const provider of ports.providers.values()) {
    const theirs: ListedPayment[] = [];
    for await (const payment of provider.list(since)) theirs.push(payment);
    const byTenant = Map.groupBy(theirs, ({ tenantId }) => tenantId);
    for (const tenantId of new Set([...byTenant.keys(), ...(await ports.store.listTenants(provider.name, since))])) {
      const context = { requestId: "", traceId: "", module: "payment", tenantId, signal: new AbortController().signal };
      await runInContext(context, () => compareAll(ports, provider, byTenant.get(tenantId) ?? [], since));
    }
  }
}

async function compareAll(
  ports: PaymentPorts,
  provider: PaymentProvider,
  theirs: readonly ListedPayment[],
  since: Date,
): Promise<Reconciliation> {
  const { store } = ports;
  const ours = new Map((await store.listMadeSince(provider.name, since)).map((intent) => [intent.known?.id ?? "", intent]));
  const odd = new Set(theirs.filter((payment) => unlike(ours.get(payment.id), payment).length > 0).map(({ id }) => id));
  const listed = new Map(theirs.map((payment) => [payment.id, payment]));
  for (const id of ours.keys()) if (id !== "" && !listed.has(id)) odd.add(id);
  const differences: Difference[] = [];
  for (const id of odd) differences.push(...(await lookAgain(ports, provider, id, listed.get(id))));
  await store.noteDifferences(differences);
  return { compared: new Set([...listed.keys(), ...ours.keys()]).size, differences };
}

/** Reads both sides anew: what was listed may have changed in between. Of a payment with a call under way nobody can say yet. */
async function lookAgain(
  { store }: PaymentPorts,
  provider: PaymentProvider,
  id: string,
  listed: ListedPayment | undefined,
): Promise<Difference[]> {
  const found = await store.findByProviderId(provider.name, id);
  const known = found?.intentId ?? listed?.paymentId ?? "";
  const books = known === "" ? undefined : await store.findBooks({ id: known });
  if (books?.pending !== undefined) return [];
  // A payment that was tried again is known by its last try.
  const intent = books?.intent.known?.id === id ? books.intent : undefined;
  const state = await provider.read({ id }, intent?.known ?? null).catch((error: unknown) => {
    if (error instanceof ProviderRefusal) return undefined;
    throw error;
  });
  const named = {
    paymentId: intent?.id ?? "",
    providerId: id,
    reference: intent?.reference ?? listed?.reference ?? "",
    currency: intent?.currency ?? listed?.currency ?? "",
  };
  if (state !== undefined) return unlike(intent, amountsIn(state)).map((difference) => ({ ...named, ...difference }));
  const amount = intent === undefined ? 0n : capturable(intent) + intent.captured;
  return amount === 0n ? [] : [{ ...named, what: "unknown to the provider", ours: amount, theirs: 0n }];
}

/** What differs of one payment; nothing where a payment that we do not know came to nothing. */
export function unlike(intent: Intent | undefined, theirs: Amounts): Pick<Difference, "what" | "ours" | "theirs">[] {
  if (intent === undefined) {
    const amount = theirs.held + theirs.captured;
    return amount === 0n ? [] : [{ what: "unknown to us", ours: 0n, theirs: amount }];
  }
  const compared = [
    { what: "held", ours: capturable(intent), theirs: theirs.held },
    { what: "captured", ours: intent.captured, theirs: theirs.captured },
    { what: "refunded", ours: intent.refunded, theirs: theirs.refunded },
  ] as const;
  return compared.filter((each) => each.ours !== each.theirs);
}

function amountsIn({ status, authorized, captured, refunds }: ProviderState): Amounts {
  const given = refunds.filter((refund) => refund.status !== "failed");
  return {
    held: status === "authorized" ? authorized - captured : 0n,
    captured,
    refunded: given.reduce((sum, { amount }) => sum + amount, 0n),
  };
}
