import type { Agent } from "node:http";
import { openBrowser } from "./browser.ts";
import { COUNTRY, CURRENCY } from "./goods.ts";
import { type ListedProduct, PAGE_SIZE, type ShopFlow } from "./shop-flow.ts";

/** What a storefront of ours knows before the first buyer comes. */
export interface Storefront {
  readonly gatewayPort: number;
  /** The links to the pages of the list of products. */
  readonly pageTokens: readonly string[];
  readonly payment: { readonly provider: string; readonly method_token?: string };
}

interface Product {
  readonly id: string;
  readonly variants: readonly { readonly sku: string }[];
}

interface Money {
  readonly amount: string;
  readonly currency: string;
}

interface Cart {
  readonly missing: readonly string[];
  readonly totals: { readonly gross: Money };
}

interface Price {
  readonly sellable: boolean;
}

interface Checkout {
  readonly order_id: string;
  readonly status: string;
  readonly order: { readonly total: Money };
}

let buyers = 0;

/** A visit by the REST API, through the gateway. The cart hangs on its id. Each buyer comes from an address of their own, as the gateway limits those. */
export function plinthFlow({ gatewayPort, pageTokens, payment }: Storefront, connections: Agent): ShopFlow {
  const browser = openBrowser(gatewayPort, connections);
  buyers += 1;
  const address = `10.${(buyers >> 16) & 255}.${(buyers >> 8) & 255}.${buyers & 255}`;
  const ask = async <Data>(
    method: "GET" | "POST" | "PUT",
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Data> => {
    const answer = await browser.send(method, `/api/v1${path}`, body, { "x-forwarded-for": address, ...headers });
    return (answer as { data: Data }).data;
  };
  const pricesOf = async (skus: readonly string[]): Promise<void> => {
    const items = skus.map((sku) => ({ sku }));
    const { prices } = await ask<{ prices: readonly Price[] }>("POST", "/pricing/prices:get", {
      items,
      currency: CURRENCY,
      country: COUNTRY,
    });
    if (prices.length < skus.length || !prices.every(({ sellable }) => sellable)) throw new Error(`no price for one of ${skus.join(", ")}`);
  };
  let cart = "";
  let total: Money | undefined;
  return {
    async list(page) {
      const token = pageTokens[page] ?? "";
      const { products } = await ask<{ products: readonly Product[] }>("GET", listPath(token));
      const listed = products.flatMap(({ id, variants }): ListedProduct[] => variants.slice(0, 1).map(({ sku }) => ({ id, variant: sku })));
      await pricesOf(listed.map(({ variant }) => variant));
      return listed;
    },
    async product({ id, variant }) {
      const stock = `/inventory/stock:check?sku=${encodeURIComponent(variant)}`;
      const [, , { in_stock }] = await Promise.all([
        ask<Product>("GET", `/catalog/products/${id}`),
        pricesOf([variant]),
        ask<{ in_stock: boolean }>("GET", stock),
      ]);
      if (!in_stock) throw new Error(`${variant} is not in stock`);
    },
    async add({ variant }, quantity) {
      if (cart === "") cart = (await ask<{ id: string }>("POST", "/carts", { currency: CURRENCY })).id;
      const { item } = await ask<{ item: { sku: string } }>("POST", `/carts/${cart}/items`, { sku: variant, quantity: String(quantity) });
      if (item.sku !== variant) throw new Error(`${variant} is not in the cart`);
    },
    async address({ email, name }) {
      await ask("PUT", `/carts/${cart}/email`, { email });
      const given = { name, line1: "1 Long Road", city: "Berlin", postal_code: "10115", country: COUNTRY };
      await ask("PUT", `/carts/${cart}/shipping-address`, { address: given });
    },
    async options() {
      const { options } = await ask<{ options: readonly { code: string }[] }>("GET", `/carts/${cart}/shipping-options`);
      return options.map(({ code }) => code);
    },
    async choose(option) {
      await ask("PUT", `/carts/${cart}/shipping-option`, { code: option });
      const { missing, totals } = await ask<Cart>("GET", `/carts/${cart}`);
      if (missing.length > 0) throw new Error(`the cart lacks ${missing.join(", ")}`);
      total = totals.gross;
    },
    async pay() {
      const body = { cart_id: cart, payment, expected_total: total };
      const placed = await ask<Checkout>("POST", "/orders", body, { "idempotency-key": cart });
      if (placed.status !== "CHECKOUT_STATUS_PLACED") throw new Error(`the checkout is ${placed.status}`);
      return { order: placed.order_id, total: BigInt(placed.order.total.amount) };
    },
  };
}

/** The list of products in the order of their names, from the page on that the token names. */
export function listPath(pageToken: string): string {
  return `/catalog/products?page_size=${PAGE_SIZE}&order_by=name&page_token=${encodeURIComponent(pageToken)}`;
}
