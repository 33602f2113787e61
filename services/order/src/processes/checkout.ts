import { type MoneyJson, moneyFromJson } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { Statement, Transaction } from "@plinth/kernel/database";
import { isKeptAnswer } from "@plinth/kernel/rpc";
import { type PreparedNote, type Saga, type SagaDefinition, type StepInHand, waiting } from "@plinth/kernel/sagas";
import type { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import { type PaymentService, State } from "@plinth/proto/payment/v1/payment_pb";
import { checkExpectedTotal, type DraftLine, inWarehouses, type OrderDraft } from "../domain/draft.ts";
import type { CartPrices } from "../neighbours/cart-prices.ts";
import { draftOf } from "../neighbours/draft-of-cart.ts";
import { type CartJson, cartFromJson } from "./cart-json.ts";
import { definiteNo, PATIENT, QUICK, STEADY } from "./tries.ts";

// From a cart to an order. Before it begins the cart is validated and taken, in the transaction that begins it: nobody can change it or check it out a
// second time. The steps below follow one after the other; the first refusal turns back, and undoes what was done.

export interface CheckoutInput {
  readonly orderId: string;
  readonly cart: CartJson;
  readonly payment: { readonly provider: string; readonly methodToken: string; readonly returnUrl: string };
  /** What the buyer saw; null: not said. */
  readonly expectedTotal: MoneyJson | null;
}

export interface CheckoutState extends CheckoutInput {
  /** Since `price`. */
  readonly draft?: OrderDraft;
  /** Where the customer must go, while the payment waits for them. */
  readonly nextActionUrl?: string;
  /** Minor units that are held, since `authorize payment`. */
  readonly authorized?: string;
  readonly placed?: boolean;
  /** Why the provider would not charge what it held. The order stays, unpaid. */
  readonly captureRefusal?: string;
}

export interface CheckoutPorts {
  readonly prices: CartPrices;
  readonly inventory: Client<typeof InventoryService>;
  readonly payments: Client<typeof PaymentService>;
  /** Writes the order, the end of its cart, `order.created`, and the note of the step that does so, by one statement; answers the rows of the note. */
  place(
    tx: Statement,
    note: PreparedNote,
    draft: OrderDraft,
    payment: { readonly provider: string; readonly authorized: bigint },
  ): Promise<readonly object[]>;
  /** The cart can be used again; the key as well, where what came of it is no answer to keep. */
  reopenCart(tx: Transaction, orderId: string, options: { readonly keepsKey: boolean }): Promise<void>;
  /** Gives an order up that was placed, and cannot be delivered. */
  giveUp(orderId: string, reason: string): Promise<void>;
  /** Whether this provider's payments are charged as soon as the order is placed. */
  capturesAtOnce(provider: string): boolean;
  readonly limits: CheckoutLimits;
}

export interface CheckoutLimits {
  /** How long the customer may take at the bank, ms. */
  readonly customerMs: number;
  /** Held so long at most, whatever becomes of the checkout: longer than the customer may take. Seconds. */
  readonly reservationSeconds: number;
}

export function checkoutSaga(ports: CheckoutPorts): SagaDefinition<CheckoutInput, CheckoutState> {
  const { inventory, payments, limits } = ports;
  return {
    name: "checkout",
    begin: (input) => input,
    steps: [
      {
        name: "price",
        timeoutMs: 5_000,
        retry: QUICK,
        async call({ orderId, cart, expectedTotal }) {
          const taken = cartFromJson(cart);
          const draft = draftOf(orderId, taken, await ports.prices.of(taken));
          checkExpectedTotal(expectedTotal === null ? undefined : moneyFromJson(expectedTotal), draft);
          return { draft };
        },
      },
      {
        name: "reserve stock",
        timeoutMs: 5_000,
        retry: QUICK,
        async call(state) {
          const { orderId, lines } = draftIn(state);
          const held = await inventory.reserve({ reference: orderId, lines: lines.map(stockLine), ttlSeconds: limits.reservationSeconds });
          return { draft: { ...draftIn(state), lines: inWarehouses(lines, held.lines) } };
        },
        async undo({ orderId }: CheckoutState) {
          await inventory.releaseReservation({ reference: orderId });
        },
      },
      {
        name: "authorize payment",
        timeoutMs: 30_000,
        retry: PATIENT,
        when: costsSomething,
        waitsAtMostMs: limits.customerMs,
        async call(state, { waited }) {
          const { orderId, customerId, currency, total } = draftIn(state);
          const { payment } = state;
          const ask = () => payments.authorize({ reference: orderId, amount: { amount: BigInt(total), currency }, customerId, ...payment });
          const intent = await (waited ? payments.confirmIntent({ reference: orderId }) : ask());
          if (intent.state === State.REQUIRES_ACTION) return waiting({ nextActionUrl: intent.nextActionUrl });
          return { authorized: String(intent.authorized?.amount ?? 0n), nextActionUrl: "", payment: { ...payment, methodToken: "" } };
        },
        // A payment that was declined, or that its customer left, is open at the provider: they could still go on with it, and pay for nothing.
        undoneIfRefused: true,
        async undo({ orderId }: CheckoutState, { idempotencyKey }: StepInHand) {
          await payments.refund({ reference: orderId, reason: "Its checkout came to nothing." }, { idempotencyKey });
        },
      },
      {
        name: "place order",
        timeoutMs: 5_000,
        retry: QUICK,
        pointOfNoReturn: true,
        learns: () => ({ placed: true }),
        statement(state, tx, note) {
          const payment = { provider: state.payment.provider, authorized: BigInt(state.authorized ?? 0) };
          return ports.place(tx, note, draftIn(state), payment);
        },
      },
      {
        name: "capture payment",
        timeoutMs: 30_000,
        retry: STEADY,
        when: (state) => costsSomething(state) && ports.capturesAtOnce(state.payment.provider),
        async call({ orderId }, { idempotencyKey }) {
          try {
            await payments.capture({ reference: orderId, final: true }, { idempotencyKey });
            return {};
          } catch (error) {
            return { captureRefusal: definiteNo(error).message };
          }
        },
      },
      {
        name: "commit stock",
        timeoutMs: 5_000,
        retry: STEADY,
        async call({ orderId }) {
          try {
            await inventory.commitReservation({ reference: orderId });
          } catch (error) {
            // The platform stood still for longer than the reservation lived, and somebody else has the stock.
            definiteNo(error);
            await ports.giveUp(orderId, "It is out of stock.");
          }
        },
      },
    ],
    turnedBack: ({ orderId }, tx, { code }) => ports.reopenCart(tx, orderId, { keepsKey: isKeptAnswer(code) }),
  };
}

/** Whether the checkout has heard of so much that is held, minor units: then its order has it, too, or will. */
export function knowsAuthorized({ state }: Saga<CheckoutState>, authorized: bigint): boolean {
  return state.authorized !== undefined && BigInt(state.authorized) >= authorized;
}

function costsSomething(state: CheckoutState): boolean {
  return draftIn(state).total !== "0";
}

function draftIn({ draft }: CheckoutState): OrderDraft {
  if (draft === undefined) throw new Error("The cart was not priced.");
  return draft;
}

function stockLine({ sku, quantity, warehouseId }: DraftLine) {
  return { sku, warehouseId, quantity: BigInt(quantity) };
}
