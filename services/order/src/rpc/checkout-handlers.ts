import { createHash } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { badRequest } from "@plinth/kernel/base";
import type { CallContext, Handlers } from "@plinth/kernel/rpc";
import type { Saga } from "@plinth/kernel/sagas";
import type { CheckoutSchema, OrderService, PlaceOrderRequest } from "@plinth/proto/order/v1/order_pb";
import type { CheckoutStore } from "../domain/checkout-store.ts";
import { orderNotFound } from "../domain/order.ts";
import type { OrderStore } from "../domain/order-store.ts";
import { checkoutMessage, placedMessage, refusalOf } from "../messages/checkout-message.ts";
import type { CheckoutState } from "../processes/checkout.ts";
import type { CheckoutDesk } from "../processes/checkout-desk.ts";
import type { OrderAccess } from "./order-access.ts";

type CheckoutHandlers = Pick<Handlers<typeof OrderService>, "placeOrder" | "confirmCheckout" | "getCheckout">;

export function checkoutHandlers(desk: CheckoutDesk, attempts: CheckoutStore, orders: OrderStore, access: OrderAccess): CheckoutHandlers {
  const current = async (saga: Saga<CheckoutState>) =>
    checkoutMessage(saga, saga.state.placed === true ? await orders.findOrder(saga.state.orderId) : undefined);

  /** 201 for an order, 202 for what goes on by itself, and the refusal of the step that failed once all is undone. */
  async function answer(saga: Saga<CheckoutState>, context: CallContext) {
    if (saga.status === "turned-back" && saga.failure !== undefined) throw refusalOf(saga.failure, saga.state.orderId);
    const checkout = await current(saga);
    context.restStatus = checkout.order === undefined ? 202 : 201;
    return checkout;
  }

  /** Of a checkout that ended so long ago that it has been removed, its order is left. */
  async function longAgo(orderId: string): Promise<MessageInitShape<typeof CheckoutSchema>> {
    const order = await orders.findOrder(orderId);
    if (order === undefined) throw orderNotFound(orderId);
    return placedMessage(order);
  }

  return {
    async placeOrder(request, context) {
      const { cartId, payment, expectedTotal } = request;
      const { provider = "", methodToken = "", returnUrl = "" } = payment ?? {};
      const saga = await desk.checkOut({
        tenantId: context.tenantId,
        cartId,
        userId: context.user?.id ?? "",
        payment: { provider, methodToken, returnUrl },
        expectedTotal,
        key: ownKey(keyOf(context), cartId, context),
        fingerprint: fingerprintOf(request),
      });
      return answer(saga, context);
    },

    async confirmCheckout({ orderId, email }, context) {
      await access.checkMaySee(await attempts.findAttempt(orderId), orderId, email, context);
      const saga = await desk.goOn(orderId);
      return saga === undefined ? longAgo(orderId) : answer(saga, context);
    },

    async getCheckout({ orderId, email }, context) {
      await access.checkMaySee(await attempts.findAttempt(orderId), orderId, email, context);
      const saga = await desk.find(orderId);
      return saga === undefined ? longAgo(orderId) : current(saga);
    },
  };
}

/** Visible ASCII, as for all other methods. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** This service keeps the keys of its orders and refunds itself, with what was made under them. */
export function keyOf({ requestHeaders }: CallContext): string | undefined {
  const key = requestHeaders.get("idempotency-key") ?? undefined;
  if (key === undefined || KEY.test(key)) return key;
  throw badRequest("The Idempotency-Key must be 1 to 255 visible ASCII characters.", { reason: "INVALID_IDEMPOTENCY_KEY" });
}

/** Users have their own keys, and each cart of a guest has: nothing else tells guests apart. A key has no spaces, so no user's is like a guest's. */
function ownKey(key: string | undefined, cartId: string, { user }: CallContext): string | undefined {
  return key === undefined || user !== undefined ? key : `${cartId} ${key}`;
}

/** Tells whether two requests ask the same. */
export function fingerprint(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function fingerprintOf({ cartId, payment, expectedTotal }: PlaceOrderRequest): string {
  const { provider, methodToken, returnUrl } = payment ?? {};
  const expected = expectedTotal === undefined ? "" : `${expectedTotal.amount} ${expectedTotal.currency}`;
  return fingerprint([cartId, provider, methodToken, returnUrl, expected]);
}
