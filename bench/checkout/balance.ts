import type { Sold } from "./sessions.ts";
import type { Books } from "./shop.ts";

export interface Balance {
  /** Units that were ordered and are still for sale; negative: units that have gone and that nobody has ordered. */
  readonly stockOff: number;
}

/** Holds a shop's books against what its buyers were answered. Throws where orders or money differ: the figures of such a shop count for nothing. */
export function balanceOf(before: Books, after: Books, { purchases, failures }: Sold): Balance {
  const orders = after.orders - before.orders;
  const totals = after.totals - before.totals;
  const payments = after.payments - before.payments;
  const units = after.units - before.units;
  // An order may have been placed although its buyer was answered with a failure.
  const unanswered = orders - purchases.length;
  const doubtful = failures.filter(({ paying }) => paying).length;
  if (unanswered < 0 || unanswered > doubtful) throw new Unbalanced(`${orders} orders, ${purchases.length} answered, ${doubtful} in doubt`);
  if (payments !== totals) throw new Unbalanced(`orders for ${totals}, payments of ${payments}`);
  if (unanswered === 0) {
    const answered = purchases.reduce((sum, { placed }) => sum + placed.total, 0n);
    if (answered !== totals) throw new Unbalanced(`orders for ${totals}, answered ${answered}`);
    const bought = purchases.reduce((sum, purchase) => sum + purchase.units, 0);
    if (bought !== units) throw new Unbalanced(`${units} units ordered, ${bought} bought`);
  }
  return { stockOff: units - (after.unitsGone - before.unitsGone) };
}

class Unbalanced extends Error {
  constructor(difference: string) {
    super(`The books do not balance: ${difference}.`);
  }
}
