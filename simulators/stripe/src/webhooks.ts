import { createHmac } from "node:crypto";
import { newId, nowSeconds } from "./account.ts";

export interface StripeEvent {
  readonly id: string;
  readonly object: "event";
  readonly api_version: string;
  readonly created: number;
  readonly livemode: false;
  readonly pending_webhooks: number;
  readonly type: string;
  readonly data: { readonly object: object };
}

/** Where events go, and how. */
export interface Endpoint {
  readonly url: string;
  readonly secret: string;
  /** Sent with each event: what stands between us and the endpoint may want more than a signature. */
  readonly headers: Readonly<Record<string, string>>;
  /** How often each event is sent; more than 1 duplicates it. */
  readonly copies: number;
  /** True: events wait until they are delivered by hand, in any order. */
  readonly held: boolean;
}

export interface Delivery {
  readonly event: string;
  readonly type: string;
  readonly status: number;
}

export interface Webhooks {
  /** Newest last. */
  readonly events: readonly StripeEvent[];
  endpoint: Endpoint | undefined;
  emit(type: string, object: object): void;
  /** Sends what waits, one after the other; answers what the endpoint said, 0 where nobody was there. What was not taken waits on. */
  deliver(order: "made" | "reversed", copies: number): Promise<Delivery[]>;
  close(): void;
}

const API_VERSION = "2026-10-28.endive";
/** An endpoint that is away is tried again; Stripe does so for three days. */
const TRIES = 5;
const PAUSE_MS = 200;

export function createWebhooks(log: (line: string) => void, earlier: readonly StripeEvent[] = []): Webhooks {
  const events: StripeEvent[] = [...earlier];
  let waiting: StripeEvent[] = [];
  const stop = new AbortController();

  async function send(endpoint: Endpoint, event: StripeEvent): Promise<number> {
    const body = JSON.stringify(event);
    const response = await fetch(endpoint.url, {
      method: "POST",
      headers: {
        ...endpoint.headers,
        "content-type": "application/json",
        "stripe-signature": signatureOf(body, endpoint.secret, nowSeconds()),
      },
      body,
      signal: stop.signal,
    });
    await response.arrayBuffer();
    return response.status;
  }

  async function sendUntilTaken(endpoint: Endpoint, event: StripeEvent): Promise<void> {
    for (let attempt = 1; attempt <= TRIES && !stop.signal.aborted; attempt++) {
      const status = await send(endpoint, event).catch(() => 0);
      if (isTaken(status)) return;
      log(`${event.type} ${event.id} was answered with ${status}`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** attempt).unref());
    }
  }

  const webhooks: Webhooks = {
    events,
    endpoint: undefined,
    emit(type, object) {
      const event: StripeEvent = {
        id: newId("evt"),
        object: "event",
        api_version: API_VERSION,
        created: nowSeconds(),
        livemode: false,
        pending_webhooks: 1,
        type,
        // As it is now: later changes do not show in it.
        data: { object: structuredClone(object) },
      };
      events.push(event);
      const { endpoint } = webhooks;
      if (endpoint === undefined) return;
      if (endpoint.held) waiting.push(event);
      else for (let copy = 0; copy < endpoint.copies; copy++) void sendUntilTaken(endpoint, event);
    },
    async deliver(order, copies) {
      const { endpoint } = webhooks;
      if (endpoint === undefined) return [];
      const batch = order === "reversed" ? waiting.toReversed() : waiting;
      waiting = [];
      const deliveries: Delivery[] = [];
      for (const event of batch) {
        for (let copy = 0; copy < copies; copy++) {
          const status = await send(endpoint, event).catch(() => 0);
          deliveries.push({ event: event.id, type: event.type, status });
          if (!isTaken(status) && !waiting.includes(event)) waiting.push(event);
        }
      }
      return deliveries;
    },
    close: () => stop.abort(),
  };
  return webhooks;
}

function isTaken(status: number): boolean {
  return status >= 200 && status < 300;
}

/** `t=…,v1=…`, as Stripe signs. */
export function signatureOf(body: string, secret: string, seconds: number): string {
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}
