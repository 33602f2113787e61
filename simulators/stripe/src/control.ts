import type { Account } from "./account.ts";
import { FAULT_KINDS, type FaultKind, type Faults } from "./faults.ts";
import { authenticate, getIntent, type Show } from "./payment-intents.ts";
import { presentRefund } from "./present.ts";
import { settleRefund } from "./refunds.ts";
import { invalidRequest, missing } from "./stripe-error.ts";
import type { Webhooks } from "./webhooks.ts";

export interface ControlParts {
  readonly account: Account;
  readonly faults: Faults;
  readonly webhooks: Webhooks;
  readonly show: Show;
}

type Body = Readonly<Record<string, unknown>>;

/**
 * What Stripe does not have: switches for what goes wrong, and what customers and banks do. All under `/simulator`, as JSON.
 *
 * - `POST /simulator/faults {kind, method, path, times}` → `{id}`; `path` is a regular expression. `GET /simulator/faults/<id>` answers once a
 *   request was hit; `POST /simulator/faults/<id>/release` ends it, and lets go on what hangs.
 * - `POST /simulator/webhooks {url, secret, headers, copies, held}`; `POST /simulator/webhooks/deliver {order, copies}` sends what is held.
 * - `POST /simulator/3ds/<payment intent> {outcome: "success" | "failure"}`.
 * - `POST /simulator/refunds/<refund or payment intent> {status: "succeeded" | "failed", reason}`: what the bank says of a refund in the end.
 * - `GET /simulator/state`: sums over all payments.
 */
export function createControl({ account, faults, webhooks, show }: ControlParts) {
  return async (method: string, path: string, body: Body): Promise<object> => {
    const [, , area, id, action] = path.split("/");
    if (method === "GET" && area === "state") return sumsOf(account);
    if (method === "POST" && area === "faults" && id === undefined) {
      const { kind, method: wanted = "POST", path: pattern = ".*", times = 1 } = body;
      if (!FAULT_KINDS.includes(kind as FaultKind)) throw invalidRequest(`kind must be one of ${FAULT_KINDS.join(", ")}`);
      return { id: faults.add(kind as FaultKind, String(wanted), new RegExp(String(pattern)), Number(times)).id };
    }
    if (area === "faults" && id !== undefined) {
      const fault = faults.find(id);
      if (fault === undefined) throw missing("fault", id, "id");
      if (method === "GET") await fault.hit;
      else if (action === "release") fault.release();
      return { id };
    }
    if (method === "POST" && area === "webhooks" && id === undefined) {
      const { url, secret, headers = {}, copies = 1, held = false } = body;
      webhooks.endpoint = {
        url: String(url),
        secret: String(secret),
        headers: headers as Record<string, string>,
        copies: Number(copies),
        held: held === true,
      };
      return { url };
    }
    if (method === "POST" && area === "webhooks" && id === "deliver") {
      return { deliveries: await webhooks.deliver(body.order === "reversed" ? "reversed" : "made", Number(body.copies ?? 1)) };
    }
    if (method === "POST" && area === "3ds" && id !== undefined) {
      const intent = getIntent(account, id);
      authenticate(account, intent, body.outcome === "success", show);
      return show(intent);
    }
    if (method === "POST" && area === "refunds" && id !== undefined) {
      const reason = typeof body.reason === "string" ? body.reason : undefined;
      return presentRefund(settleRefund(account, id, body.status === "failed" ? "failed" : "succeeded", reason));
    }
    throw invalidRequest(`The simulator has no ${method} ${path}.`);
  };
}

function sumsOf({ intents, charges, refunds }: Account): object {
  const given = [...refunds.values()].filter(({ status }) => status !== "failed");
  return {
    payment_intents: intents.size,
    refunds: refunds.size,
    held: sum([...intents.values()].map(({ amountCapturable }) => amountCapturable)),
    captured: sum([...charges.values()].map(({ amountCaptured }) => amountCaptured)),
    refunded: sum(given.map(({ amount }) => amount)),
  };
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
