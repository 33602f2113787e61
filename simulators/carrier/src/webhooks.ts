import { newId } from "./account.ts";
import { type SignatureScheme, signatureHeaders } from "./signature.ts";

export interface EasyPostEvent {
  readonly id: string;
  readonly object: "Event";
  readonly mode: "test";
  /** "tracker.updated" */
  readonly description: string;
  readonly previous_attributes: { readonly status: string };
  readonly created_at: string;
  readonly result: object;
}

/** Where events go, and how. */
export interface Endpoint {
  readonly url: string;
  readonly secret: string;
  readonly schemes: readonly SignatureScheme[];
  /** Sent with each event: what stands between us and the endpoint may want more than a signature. */
  readonly headers: Readonly<Record<string, string>>;
  /** How often each event is sent; more than 1 duplicates it. */
  readonly copies: number;
  /** Before each is sent. */
  readonly delayMs: number;
  /** True: events wait until they are delivered by hand, in any order. */
  readonly held: boolean;
}

export interface Delivery {
  readonly event: string;
  readonly description: string;
  readonly status: number;
}

/** An endpoint that is away is tried again. EasyPost does so six times. */
const TRIES = 6;
const PAUSE_MS = 200;

export class Webhooks {
  /** Newest last. */
  readonly events: EasyPostEvent[];
  endpoint: Endpoint | undefined;
  #waiting: EasyPostEvent[] = [];
  readonly #log: (line: string) => void;
  readonly #stop = new AbortController();

  constructor(log: (line: string) => void, endpoint: Endpoint | undefined, earlier: readonly EasyPostEvent[] = []) {
    this.#log = log;
    this.endpoint = endpoint;
    this.events = [...earlier];
  }

  emit(description: string, result: object, previousStatus: string): void {
    const event: EasyPostEvent = {
      ...{ id: newId("evt"), object: "Event", mode: "test", description, created_at: new Date().toISOString() },
      previous_attributes: { status: previousStatus },
      // As it is now: later changes do not show in it.
      result: structuredClone(result),
    };
    this.events.push(event);
    const { endpoint } = this;
    if (endpoint === undefined) return;
    if (endpoint.held) this.#waiting.push(event);
    else for (let copy = 0; copy < endpoint.copies; copy++) void this.#sendUntilTaken(endpoint, event);
  }

  /** Sends what waits, one after the other; answers what the endpoint said. */
  async deliver(order: "made" | "reversed", copies: number): Promise<Delivery[]> {
    const { endpoint } = this;
    if (endpoint === undefined) return [];
    const batch = order === "reversed" ? this.#waiting.toReversed() : this.#waiting;
    this.#waiting = [];
    const deliveries: Delivery[] = [];
    for (const event of batch) {
      for (let copy = 0; copy < copies; copy++) {
        deliveries.push({ event: event.id, description: event.description, status: await this.#send(endpoint, event) });
      }
    }
    return deliveries;
  }

  close(): void {
    this.#stop.abort();
  }

  async #send(endpoint: Endpoint, event: EasyPostEvent): Promise<number> {
    const body = JSON.stringify(event);
    const response = await fetch(endpoint.url, {
      method: "POST",
      headers: { ...endpoint.headers, "content-type": "application/json", ...signatureHeaders(body, { ...endpoint, now: new Date() }) },
      body,
      signal: this.#stop.signal,
    });
    await response.arrayBuffer();
    return response.status;
  }

  async #sendUntilTaken(endpoint: Endpoint, event: EasyPostEvent): Promise<void> {
    await pause(endpoint.delayMs);
    for (let attempt = 1; attempt <= TRIES && !this.#stop.signal.aborted; attempt++) {
      const status = await this.#send(endpoint, event).catch(() => 0);
      if (status >= 200 && status < 300) return;
      this.#log(`${event.description} ${event.id} was answered with ${status}`);
      await pause(PAUSE_MS * 2 ** attempt);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
