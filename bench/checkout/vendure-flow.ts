import type { Agent } from "node:http";
import { openBrowser } from "./browser.ts";
import { COUNTRY } from "./goods.ts";
import { PAGE_SIZE, type ShopFlow } from "./shop-flow.ts";

/** What mutations answer: an order, or why there is none. */
interface Answer {
  readonly __typename: string;
  readonly errorCode?: string;
  readonly message?: string;
}

interface OrderAnswer extends Answer {
  readonly code: string;
  readonly state: string;
  readonly totalWithTax: number;
  readonly lines: readonly unknown[];
}

const REFUSED = "... on ErrorResult { errorCode message }";
const CART = "id code totalQuantity totalWithTax currencyCode lines { id quantity linePriceWithTax productVariant { id sku name } }";

const LIST = `query ($input: SearchInput!) { search(input: $input) { totalItems items {
  productId productName slug sku productVariantId currencyCode priceWithTax { ... on PriceRange { min max } ... on SinglePrice { value } } } } }`;
const PRODUCT = `query ($id: ID!) { product(id: $id) { id name slug description variants { id sku name priceWithTax currencyCode stockLevel } } }`;
const ADD = `mutation ($variant: ID!, $quantity: Int!) { addItemToOrder(productVariantId: $variant, quantity: $quantity) {
  __typename ... on Order { ${CART} } ${REFUSED} } }`;
const ADDRESS = `mutation ($customer: CreateCustomerInput!, $address: CreateAddressInput!) {
  setCustomerForOrder(input: $customer) { __typename ${REFUSED} }
  setOrderShippingAddress(input: $address) { __typename ... on Order { ${CART} shippingAddress { fullName city countryCode } } ${REFUSED} } }`;
const OPTIONS = "{ eligibleShippingMethods { id code name description priceWithTax } }";
const CHOOSE = `mutation ($option: ID!) { setOrderShippingMethod(shippingMethodId: [$option]) {
  __typename ... on Order { ${CART} shippingWithTax } ${REFUSED} } }`;
const PAY = `mutation {
  transitionOrderToState(state: "ArrangingPayment") { __typename ${REFUSED} ... on OrderStateTransitionError { transitionError } }
  addPaymentToOrder(input: { method: "dummy", metadata: {} }) { __typename ... on Order { ${CART} state } ${REFUSED} } }`;

/** A visit by Vendure's shop API. The session and its cart hang on the cookie. */
export function vendureFlow(port: number, connections: Agent): ShopFlow {
  const browser = openBrowser(port, connections);
  const ask = async <Data>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Data> => {
    const { data, errors } = (await browser.send("POST", "/shop-api", { query, variables })) as {
      data: Data;
      errors?: readonly { readonly message: string }[];
    };
    if (errors !== undefined) throw new Error(errors.map(({ message }) => message).join("; "));
    for (const answer of Object.values(data as Record<string, Answer>)) {
      if (answer?.errorCode !== undefined) throw new Error(`${answer.errorCode}: ${answer.message}`);
    }
    return data;
  };
  return {
    async list(page) {
      const input = { take: PAGE_SIZE, skip: page * PAGE_SIZE, groupByProduct: true, sort: { name: "ASC" } };
      const { search } = await ask<{ search: { items: { productId: string; productVariantId: string }[] } }>(LIST, { input });
      return search.items.map(({ productId, productVariantId }) => ({ id: productId, variant: productVariantId }));
    },
    async product({ id, variant }) {
      const { product } = await ask<{ product: { variants: { id: string; priceWithTax: number }[] } | null }>(PRODUCT, { id });
      const shown = product?.variants.find((one) => one.id === variant);
      if (shown === undefined || shown.priceWithTax <= 0) throw new Error(`product ${id} has no price`);
    },
    async add({ variant }, quantity) {
      const { addItemToOrder } = await ask<{ addItemToOrder: OrderAnswer }>(ADD, { variant, quantity });
      if (addItemToOrder.lines.length === 0) throw new Error("the cart is empty");
    },
    async address({ email, name }) {
      const [firstName, lastName = ""] = name.split(" ");
      const address = { fullName: name, streetLine1: "1 Long Road", city: "Berlin", postalCode: "10115", countryCode: COUNTRY };
      await ask(ADDRESS, { customer: { emailAddress: email, firstName, lastName }, address });
    },
    async options() {
      const { eligibleShippingMethods } = await ask<{ eligibleShippingMethods: { id: string }[] }>(OPTIONS);
      return eligibleShippingMethods.map(({ id }) => id);
    },
    async choose(option) {
      await ask(CHOOSE, { option });
    },
    async pay() {
      const { addPaymentToOrder } = await ask<{ addPaymentToOrder: OrderAnswer }>(PAY);
      const { code, state, totalWithTax } = addPaymentToOrder;
      if (state !== "PaymentSettled") throw new Error(`the order is ${state}`);
      return { order: code, total: BigInt(totalWithTax) };
    },
  };
}
