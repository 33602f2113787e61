import { currencyExponent, newId, notFound, validation } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { CallContext, Handlers } from "@plinth/kernel/rpc";
import type { CustomerService } from "@plinth/proto/customer/v1/customer_pb";
import type { CartService } from "@plinth/proto/order/v1/cart_pb";
import { type Cart, cartNotFound, checkChangeable, checkComplete, type FullCart, missingIn } from "../domain/cart.ts";
import type { CartStore } from "../domain/cart-store.ts";
import { type Address, optionUnavailable } from "../domain/delivery.ts";
import { notSellable } from "../domain/draft.ts";
import { onCart } from "../domain/on-cart.ts";
import { cartMessage, itemMessage, optionMessage, pricedCartMessage } from "../messages/cart-message.ts";
import { type CartPrices, whyNotSellable } from "../neighbours/cart-prices.ts";
import { userOf } from "./order-access.ts";

export interface CartPorts {
  readonly carts: CartStore;
  readonly prices: CartPrices;
  readonly customers: Client<typeof CustomerService>;
  /** Untouched so long, a cart is gone; ms. */
  lifeMs(): number;
}

export function cartHandlers({ carts, prices, customers, lifeMs }: CartPorts): Handlers<typeof CartService> {
  const userId = (context: CallContext) => context.user?.id;
  const usersCart = (id: string, context: CallContext) => ({ tenantId: context.tenantId, id, userId: userId(context) });

  return {
    async createCart({ currency, email, locale }, context) {
      if (currencyExponent(currency) === undefined)
        throw validation({ currency: `must be an ISO 4217 code such as EUR; got "${currency}"` });
      const now = new Date();
      const own = context.user === undefined ? undefined : await customers.getMe({});
      const cart: Cart = {
        id: newId("cart"),
        tenantId: context.tenantId,
        status: "open",
        currency,
        locale: locale || (own?.locale ?? ""),
        email: email || (own?.email ?? ""),
        userId: context.user?.id ?? "",
        customerId: own?.id ?? "",
        shippingAddress: null,
        shippingOption: null,
        lineCount: 0,
        orderId: "",
        version: 1,
        createdAt: now,
        updatedAt: now,
        expiresAt: new Date(now.getTime() + lifeMs()),
      };
      await carts.insert(cart);
      context.restStatus = 201;
      return cartMessage(cart);
    },

    async getMyCart(_request, context) {
      const cart = await carts.findCartOf(userOf(context).id);
      if (cart === undefined) throw notFound("You have no cart yet. Make one.", { reason: "CART_NOT_FOUND" });
      return pricedCartMessage(cart, await prices.of(cart));
    },

    async getCart({ id, explain }, context) {
      const cart = await carts.getCart(id, userId(context));
      return pricedCartMessage(cart, await prices.of(cart, { explain }));
    },

    async addItem({ cartId, sku, quantity, warehouseId }, context) {
      const id = newId("item");
      const added = await onCart(carts, usersCart(cartId, context), async (known, seen) => {
        checkChangeable(known);
        const line = known.items.find((item) => item.sku === sku && item.warehouseId === warehouseId);
        const price = await prices.ofLine(known, { sku, warehouseId, quantity: quantity + (line?.quantity ?? 0n) });
        const why = price === undefined ? "no_price" : whyNotSellable(price);
        if (why !== undefined) throw notSellable(sku, why);
        return { price, ...(await carts.addItem(cartId, userId(context), { id, sku, quantity, warehouseId }, seen)) };
      });
      if (added.item === undefined) throw cartNotFound(cartId);
      context.restStatus = 201;
      return { cart: cartMessage(added.cart), item: itemMessage(added.item, added.price) };
    },

    async updateItem({ cartId, id, quantity }, context) {
      const { cart, item } = await carts.updateItem(cartId, userId(context), id, quantity);
      return { cart: cartMessage(cart), ...(item === undefined ? {} : { item: itemMessage(item, undefined) }) };
    },

    async removeItem({ cartId, id }, context) {
      const { cart } = await carts.removeItem(cartId, userId(context), id);
      return { cart: cartMessage(cart) };
    },

    async setEmail({ cartId, email }, context) {
      return cartMessage(await carts.setDetails(cartId, userId(context), { email }));
    },

    async setShippingAddress({ cartId, address, addressId }, context) {
      const shippingAddress = address ?? (await ownAddress(addressId, context));
      return cartMessage(await carts.setDetails(cartId, userId(context), { shippingAddress: plainAddress(shippingAddress) }));
    },

    async listShippingOptions({ cartId }, context) {
      const cart = await carts.getCart(cartId, userId(context));
      checkShippable(cart);
      const { options, refused } = await prices.shippingOptions(cart);
      return {
        options: options.map((option) => optionMessage(option, cart.currency)),
        refused: refused.map(({ code, name, reason }) => ({ code, name, reason })),
      };
    },

    async chooseShippingOption({ cartId, code }, context) {
      const changed = await onCart(carts, usersCart(cartId, context), async (cart, seen) => {
        checkShippable(cart);
        checkChangeable(cart);
        const { options, refused } = await prices.shippingOptions(cart);
        const chosen = options.find((option) => option.code === code);
        if (chosen === undefined) {
          throw optionUnavailable(code, refused.find((option) => option.code === code)?.reason ?? "It is not offered there.");
        }
        return carts.setDetails(cartId, userId(context), { shippingOption: chosen }, seen);
      });
      return cartMessage(changed);
    },

    async mergeCart({ cartId }, context) {
      const { id: owner } = userOf(context);
      const { id: customerId, email } = await customers.getMe({});
      const id = await carts.merge(cartId, { userId: owner, customerId, email });
      return cartMessage(await carts.getCart(id, owner));
    },
  };

  async function ownAddress(id: string, context: CallContext): Promise<Address> {
    userOf(context);
    const { addresses } = await customers.listAddresses({ customerId: "me" });
    const address = addresses.find((each) => each.id === id);
    if (address === undefined) throw notFound(`You have no address ${id}.`, { reason: "ADDRESS_NOT_FOUND", metadata: { address_id: id } });
    return address;
  }
}

/** Lines and an address: what a question about shipping takes. */
function checkShippable(cart: FullCart): void {
  const missing = missingIn(cart).filter((each) => each === "lines" || each === "shipping_address");
  checkComplete(cart, missing);
}

/** Without what only the message has. */
function plainAddress({ name, company, line1, line2, city, region, postalCode, country, phone }: Address): Address {
  return { name, company, line1, line2, city, region, postalCode, country, phone };
}
