/** What pricing knows of a product of the catalog. */
export interface Product {
  readonly productId: string;
  readonly name: string;
  readonly published: boolean;
  readonly imageUrl: string;
  /** Grows with each change of the product: what is older than what is known is passed over. */
  readonly revision: bigint;
  /** In the catalog's order. */
  readonly variants: readonly Variant[];
}

export interface Variant {
  readonly sku: string;
  /** The variant's own; may be empty. */
  readonly title: string;
  readonly taxClass: string;
  readonly weightGrams: number;
}

/** Products by either of their names. */
export interface ProductNames {
  readonly skus: readonly string[];
  readonly productIds: readonly string[];
}

/** Where products are asked for that no event told of yet. */
export interface ProductSource {
  /** True: more may be known now. Never rejects: while the catalog is away, what is known goes on. */
  learn(names: ProductNames): Promise<boolean>;
}

/** The product's name with the variant's title. */
export function fullName(name: string, title: string): string {
  return title === "" ? name : `${name}, ${title}`;
}
