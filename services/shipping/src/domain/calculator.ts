import { formatMoney } from "@plinth/kernel/base";

/** By currency: minor units. */
export type Amounts = Readonly<Record<string, bigint>>;

/** How a price comes about. Another way to reckon is another kind here, and a case below. */
export type Calculator =
  | { readonly kind: "flat_rate"; readonly prices: Amounts }
  | { readonly kind: "free_above"; readonly prices: Amounts; readonly freeFrom: Amounts };

/** The goods that are to be sent, as far as prices ask for it. */
export interface Goods {
  readonly currency: string;
  /** Minor units. */
  readonly subtotal: bigint;
  /** 0: not known. */
  readonly weightGrams: bigint;
}

export type Calculation = { readonly amount: bigint; readonly explanation: string } | { readonly refusal: string };

/** What sending the goods costs, and why; or why nobody can say. */
export function calculate(calculator: Calculator, goods: Goods): Calculation {
  const { currency, subtotal } = goods;
  const price = calculator.prices[currency];
  if (price === undefined) return { refusal: `it has no price in ${currency}` };
  const said = (amount: bigint) => `${formatMoney({ amount, currency })} ${currency}`;
  switch (calculator.kind) {
    case "flat_rate":
      return { amount: price, explanation: `${said(price)}, whatever the cart` };
    case "free_above": {
      const from = calculator.freeFrom[currency];
      if (from === undefined) return { amount: price, explanation: `${said(price)}, whatever the cart` };
      if (subtotal >= from) return { amount: 0n, explanation: `free from ${said(from)} on` };
      return { amount: price, explanation: `${said(price)}; free from ${said(from)} on, ${said(from - subtotal)} more than the cart has` };
    }
  }
}
