/** A price that may hold for a line: of its SKU and currency, for its warehouse or for everywhere. */
export interface Candidate {
  /** Empty: everywhere. */
  readonly warehouseId: string;
  readonly minQuantity: bigint;
  readonly amount: bigint;
}

export interface Choice {
  readonly won: Candidate | undefined;
  readonly lost: readonly { readonly candidate: Candidate; readonly reason: string }[];
}

/**
 * A warehouse's own price goes before one for everywhere; of those that are left, the one from the largest quantity on that is
 * reached.
 */
export function choosePrice(candidates: readonly Candidate[], quantity: bigint): Choice {
  const reached = candidates.filter(({ minQuantity }) => minQuantity <= quantity);
  const own = reached.filter(({ warehouseId }) => warehouseId !== "");
  const eligible = own.length > 0 ? own : reached;
  const won = eligible.reduce<Candidate | undefined>(
    (best, next) => (best && best.minQuantity > next.minQuantity ? best : next),
    undefined,
  );
  const lost = candidates
    .filter((candidate) => candidate !== won)
    .map((candidate) => ({ candidate, reason: whyLost(candidate, won, quantity) }));
  return { won, lost };
}

function whyLost({ warehouseId, minQuantity }: Candidate, won: Candidate | undefined, quantity: bigint): string {
  if (minQuantity > quantity) return `the quantity ${quantity} is below ${minQuantity}`;
  if (won && warehouseId !== won.warehouseId) return `warehouse ${won.warehouseId} has a price of its own`;
  return `the quantity ${quantity} reaches the price from ${won?.minQuantity} on`;
}
