/**
 * `customer`: what customers gave, so never above zero; `held`: authorized and not charged, at the provider; `charged`: ours.
 * When everything was released and given back, each is at zero.
 */
export type Account = "customer" | "held" | "charged";

export type LedgerKind = "authorize" | "release" | "capture" | "refund" | "refund-failed";

/** Money that moved once, between two accounts. */
export interface LedgerEntry {
  readonly kind: LedgerKind;
  readonly postings: readonly Posting[];
}

export interface Posting {
  readonly account: Account;
  /** Minor units, signed. */
  readonly amount: bigint;
}

const ROUTES: Record<LedgerKind, { readonly from: Account; readonly to: Account }> = {
  authorize: { from: "customer", to: "held" },
  release: { from: "held", to: "customer" },
  capture: { from: "held", to: "charged" },
  refund: { from: "charged", to: "customer" },
  "refund-failed": { from: "customer", to: "charged" },
};

/** @param amount Minor units, above zero. */
export function ledgerEntry(kind: LedgerKind, amount: bigint): LedgerEntry {
  if (amount <= 0n) throw new RangeError(`A ledger entry moves money: ${kind} of ${amount} does not.`);
  const { from, to } = ROUTES[kind];
  return {
    kind,
    postings: [
      { account: from, amount: -amount },
      { account: to, amount },
    ],
  };
}

/** What is on each account after these entries. */
export function balances(entries: readonly LedgerEntry[]): Record<Account, bigint> {
  const sums = { customer: 0n, held: 0n, charged: 0n };
  for (const { postings } of entries) for (const { account, amount } of postings) sums[account] += amount;
  return sums;
}
