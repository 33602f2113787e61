import { type Account, nowSeconds, type PaymentIntent } from "./account.ts";
import { innerOf, integerOf, listOf, type Parameters, textOf } from "./parameters.ts";
import { cancelIntent, captureIntent, confirmIntent, createIntent, getIntent, type Show } from "./payment-intents.ts";
import { presentIntent, presentList, presentRefund } from "./present.ts";
import { createRefund, getRefund } from "./refunds.ts";
import { StripeError } from "./stripe-error.ts";
import type { StripeEvent } from "./webhooks.ts";

export interface ApiRequest {
  readonly method: string;
  /** `/v1/payment_intents/pi_…` */
  readonly path: string;
  readonly parameters: Parameters;
}

/** Stripe's API, as far as payments need it. Throws `StripeError`. */
export function createApi(account: Account, events: () => readonly StripeEvent[], publicUrl: () => string) {
  const showAs =
    (expand: readonly string[]): Show =>
    (intent) =>
      presentIntent(account, intent, expand, publicUrl());
  /** In events nothing is expanded. */
  const plain = showAs([]);

  function listIntents(parameters: Parameters): object {
    const created = innerOf(parameters, "created");
    const from = integerOf(created, "gte") ?? 0;
    const to = integerOf(created, "lte") ?? nowSeconds() + 1;
    const newest = [...account.intents.values()].reverse().filter((intent) => intent.created >= from && intent.created <= to);
    const expand = listOf(parameters, "expand").map((name) => name.replace(/^data\./, ""));
    return presentList("/v1/payment_intents", newest, pageOf(parameters), showAs(expand));
  }

  function listRefunds(parameters: Parameters): object {
    const of = textOf(parameters, "payment_intent");
    const newest = [...account.refunds.values()].reverse().filter(({ paymentIntent }) => of === undefined || paymentIntent === of);
    return presentList("/v1/refunds", newest, pageOf(parameters), presentRefund);
  }

  return (request: ApiRequest): object => {
    const { method, parameters } = request;
    const [, , resource, id, action] = request.path.split("/");
    const show = showAs(listOf(parameters, "expand"));
    const changed = (change: (intent: PaymentIntent) => void): object => {
      const intent = getIntent(account, id ?? "");
      change(intent);
      return show(intent);
    };
    switch (`${method} ${resource}${id === undefined ? "" : "/{id}"}${action === undefined ? "" : `/${action}`}`) {
      case "POST payment_intents":
        return show(createIntent(account, parameters, plain));
      case "GET payment_intents":
        return listIntents(parameters);
      case "GET payment_intents/{id}":
        return show(getIntent(account, id ?? ""));
      case "POST payment_intents/{id}/confirm":
        return changed((intent) => confirmIntent(account, intent, parameters, plain));
      case "POST payment_intents/{id}/capture":
        return changed((intent) => captureIntent(account, intent, parameters, plain));
      case "POST payment_intents/{id}/cancel":
        return changed((intent) => cancelIntent(account, intent, plain));
      case "POST refunds":
        return presentRefund(createRefund(account, parameters));
      case "GET refunds":
        return listRefunds(parameters);
      case "GET refunds/{id}":
        return presentRefund(getRefund(account, id ?? ""));
      case "GET events":
        return presentList("/v1/events", [...events()].reverse(), pageOf(parameters), (event) => event);
      default:
        throw new StripeError(404, { type: "invalid_request_error", message: `Unrecognized request URL (${method}: ${request.path}).` });
    }
  };
}

function pageOf(parameters: Parameters) {
  return { limit: integerOf(parameters, "limit"), startingAfter: textOf(parameters, "starting_after") };
}
