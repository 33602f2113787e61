/** A product as a page of the list shows it. */
export interface ListedProduct {
  /** By which its own page is asked for. */
  readonly id: string;
  /** By which it is put into the cart. */
  readonly variant: string;
}

export interface Buyer {
  readonly email: string;
  readonly name: string;
}

export interface PlacedOrder {
  /** As the shop's books know it. */
  readonly order: string;
  /** What was to be paid, in minor units. */
  readonly total: bigint;
}

/**
 * One visit of a buyer who has no account, step by step as a storefront asks; each step is what the shop needs for one page or one click. A step throws
 * unless its answer is what the next page would show: products with a price, a cart with the line, an option to choose, an order that is paid.
 */
export interface ShopFlow {
  /** A page of the list of products with their prices, from 0. */
  list(page: number): Promise<readonly ListedProduct[]>;
  /** One product's own page. */
  product(product: ListedProduct): Promise<void>;
  add(product: ListedProduct, quantity: number): Promise<void>;
  address(buyer: Buyer): Promise<void>;
  /** The ways of shipping for the cart, by their codes. */
  options(): Promise<readonly string[]>;
  choose(option: string): Promise<void>;
  pay(): Promise<PlacedOrder>;
}

/** Products on a page of the list. */
export const PAGE_SIZE = 20;
