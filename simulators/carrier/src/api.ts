import type { Account } from "./account.ts";
import { EasyPostError, notFound } from "./easypost-error.ts";
import { presentShipment, presentTracker } from "./present.ts";
import { buyLabel, createShipment, getShipment } from "./shipments.ts";
import { getTracker } from "./trackers.ts";
import type { EasyPostEvent } from "./webhooks.ts";

export interface ApiRequest {
  readonly method: string;
  /** `/v2/shipments/shp_…/buy` */
  readonly path: string;
  /** Of POST: parsed JSON. */
  readonly body: unknown;
  /** True: the carrier says no. */
  readonly refuses: boolean;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: object;
}

/** EasyPost's API, as far as shipping needs it. Throws `EasyPostError`. */
export function createApi(account: Account, events: readonly EasyPostEvent[], url: () => string) {
  return ({ method, path, body, refuses }: ApiRequest): ApiAnswer => {
    const [, , resource, id = "", action] = path.split("/");
    switch (`${method} ${resource}${id === "" ? "" : "/{id}"}${action === undefined ? "" : `/${action}`}`) {
      case "POST shipments":
        return { status: 201, body: presentShipment(account, createShipment(account, body), url()) };
      case "GET shipments/{id}":
        return { status: 200, body: presentShipment(account, getShipment(account, id), url()) };
      case "POST shipments/{id}/buy": {
        const shipment = getShipment(account, id);
        if (refuses) throw new EasyPostError(422, "SHIPMENT.POSTAGE.FAILURE", "The carrier does not sell this label.");
        buyLabel(account, shipment, body);
        return { status: 200, body: presentShipment(account, shipment, url()) };
      }
      case "GET trackers/{id}":
        return { status: 200, body: presentTracker(getTracker(account, id), url()) };
      case "GET events":
        return { status: 200, body: { events: events.toReversed(), has_more: false } };
      default:
        throw notFound();
    }
  };
}
