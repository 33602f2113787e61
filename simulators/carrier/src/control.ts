import type { Account } from "./account.ts";
import { badParameter, notFound } from "./easypost-error.ts";
import { FAULT_KINDS, type FaultKind, type Faults } from "./faults.ts";
import { presentTracker } from "./present.ts";
import type { SignatureScheme } from "./signature.ts";
import { getTracker, moveParcel } from "./trackers.ts";
import type { Webhooks } from "./webhooks.ts";

export interface ControlParts {
  readonly account: Account;
  readonly faults: Faults;
  readonly webhooks: Webhooks;
  url(): string;
}

type Body = Readonly<Record<string, unknown>>;

/**
 * What EasyPost does not have: switches for what goes wrong, and what vans and doorbells do. All under `/simulator`, as JSON.
 *
 * - `POST /simulator/trackers/<id or tracking number> {status, message}` moves a parcel along: in_transit, out_for_delivery,
 *   available_for_pickup, delivered, return_to_sender, failure.
 * - `POST /simulator/faults {kind, method, path, times}` → `{id}`; `path` is a regular expression. `GET /simulator/faults/<id>` answers once a
 *   request was hit; `POST /simulator/faults/<id>/release` lets go on what hangs, `POST /simulator/faults/clear` ends them all.
 * - `POST /simulator/webhooks {url, secret, schemes, headers, copies, delayMs, held}`; `POST /simulator/webhooks/deliver {order, copies}` sends
 *   what is held.
 * - `GET /simulator/state`: how many shipments and labels there are.
 */
export function createControl({ account, faults, webhooks, url }: ControlParts) {
  async function control(method: string, path: string, body: Body): Promise<object> {
    const [, , area, id, action] = path.split("/");
    if (method === "GET" && area === "state") return sumsOf(account);
    if (method === "POST" && area === "trackers" && id !== undefined) {
      const tracker = getTracker(account, id);
      moveParcel(account, tracker, String(body.status), body.message === undefined ? undefined : String(body.message));
      return presentTracker(tracker, url());
    }
    if (method === "POST" && area === "webhooks") return id === "deliver" ? deliver(body) : setEndpoint(body);
    if (area === "faults") return id === undefined ? addFault(body) : watchFault(method, id, action);
    throw badParameter(`The simulator has no ${method} ${path}.`);
  }

  function addFault({ kind, method = "POST", path = ".*", times = 1 }: Body): object {
    if (!FAULT_KINDS.includes(kind as FaultKind)) throw badParameter(`kind must be one of ${FAULT_KINDS.join(", ")}`);
    return { id: faults.add(kind as FaultKind, String(method), new RegExp(String(path)), Number(times)).id };
  }

  async function watchFault(method: string, id: string, action: string | undefined): Promise<object> {
    if (method === "POST" && id === "clear") {
      faults.clear();
      return {};
    }
    const fault = faults.find(id);
    if (fault === undefined) throw notFound();
    if (method === "GET") await fault.hit.promise;
    else if (action === "release") fault.release.resolve();
    return { id };
  }

  function setEndpoint({ url: to, secret, schemes = ["v1", "v2"], headers = {}, copies = 1, delayMs = 0, held = false }: Body): object {
    webhooks.endpoint = {
      ...{ url: String(to), secret: String(secret), schemes: schemes as SignatureScheme[] },
      ...{ headers: headers as Record<string, string>, copies: Number(copies), delayMs: Number(delayMs), held: held === true },
    };
    return { url: to };
  }

  async function deliver({ order, copies = 1 }: Body): Promise<object> {
    return { deliveries: await webhooks.deliver(order === "reversed" ? "reversed" : "made", Number(copies)) };
  }

  return control;
}

function sumsOf({ shipments, trackers }: Account): object {
  return { shipments: shipments.size, labels: trackers.size };
}
