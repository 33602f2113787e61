import { badRequest, runInContext, unauthorized } from "@plinth/kernel/base";
import { type RawHandler, readBody } from "@plinth/kernel/http";
import type { ShipmentStore } from "../domain/shipment-store.ts";
import { inTenant, type Shipping } from "../domain/shipping.ts";
import { isSigned } from "./easypost-signature.ts";

const LARGEST_EVENT_BYTES = 256 * 1024;
const CARRIER = "easypost";

export interface EasyPostWebhookParts {
  readonly store: ShipmentStore;
  readonly shipping: Shipping;
  now(): Date;
  /** Undefined: webhooks are refused. */
  secret(): string | undefined;
}

/** What is read of an event; the rest is hearsay, and never stored: where the parcel is, is asked of EasyPost. */
interface Hint {
  readonly id: string;
  /** "tracker.updated" */
  readonly type: string;
  /** `trk_…`; empty for events about something else. */
  readonly trackerId: string;
  /** `shp_…`, EasyPost's. */
  readonly carrierShipmentId: string;
}

/**
 * Hears EasyPost's webhooks. Each event is a hint that something happened to a parcel, whose tracker is then read whole, so it does not matter in
 * what order events come, or how often. It counts as heard once its effect is stored: EasyPost sends it again until it gets its answer.
 */
export function easyPostWebhook({ store, shipping, now, secret }: EasyPostWebhookParts): RawHandler {
  async function hear(hint: Hint): Promise<void> {
    if (await store.isEventSeen(CARRIER, hint.id)) return;
    const { trackerId } = hint;
    const found = trackerId === "" ? undefined : await store.findAtCarrier(CARRIER, hint);
    if (found !== undefined) await inTenant(found, () => shipping.follow(found.id, trackerId));
    await store.noteEvent(CARRIER, hint.id, hint.type);
  }

  return async (request, response, context) => {
    const body = await new Promise<Buffer>((resolve, reject) => {
      readBody(request, LARGEST_EVENT_BYTES, (error, read) => (error === undefined ? resolve(read) : reject(error)));
    });
    const header = (name: string) => request.get(name) ?? "";
    const signed = {
      ...{ body, signatureV2: header("x-hmac-signature-v2"), timestamp: header("x-timestamp"), path: header("x-path") },
      signature: header("x-hmac-signature"),
    };
    const signedWith = secret();
    if (signedWith === undefined || !isSigned(signed, signedWith, now())) {
      throw unauthorized("The signature does not fit.", { reason: "INVALID_SIGNATURE" });
    }
    const hint = hintOf(body);
    // EasyPost goes away after a while; what was begun is finished.
    await runInContext({ ...context, signal: new AbortController().signal, deadline: undefined }, () => hear(hint));
    response.json({ received: true });
  };
}

function hintOf(body: Buffer): Hint {
  let event: unknown;
  try {
    event = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw badRequest("The body is not JSON.", { cause: error });
  }
  const id = text(event, "id");
  const type = text(event, "description");
  if (!/^[\w.-]{1,255}$/.test(id) || !/^[\w.]{1,255}$/.test(type)) throw badRequest("The body is no event of EasyPost.");
  const result = field(event, "result");
  const trackerId = text(result, "object") === "Tracker" ? text(result, "id") : "";
  return { id, type, trackerId: /^[\w.-]{1,255}$/.test(trackerId) ? trackerId : "", carrierShipmentId: text(result, "shipment_id") };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function text(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === "string" ? found : "";
}
