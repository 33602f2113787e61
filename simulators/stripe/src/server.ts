import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createAccount, fillAccount, newId } from "./account.ts";
import { createApi } from "./api.ts";
import { createControl } from "./control.ts";
import { createFaults } from "./faults.ts";
import { createIdempotencyKeys, type KeptAnswer } from "./idempotency.ts";
import { parseParameters } from "./parameters.ts";
import { getIntent } from "./payment-intents.ts";
import { presentIntent } from "./present.ts";
import { openStateFile, type SavedState } from "./state-file.ts";
import { invalidRequest, StripeError } from "./stripe-error.ts";
import { threeDSecurePage } from "./three-d-secure-page.ts";
import { createWebhooks, type Endpoint } from "./webhooks.ts";

export interface SimulatorOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly endpoint?: Endpoint | undefined;
  /** Where customers' browsers find it; where it listens unless said. */
  readonly publicUrl?: string | undefined;
  /** A file that it remembers by from one start to the next; without one it forgets everything when it stops. */
  readonly stateFile?: string | undefined;
  log(line: string): void;
}

export interface Simulator {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a Stripe of our own: stateful, with switches under `/simulator`. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  let url = "";
  const file = options.stateFile === undefined ? undefined : openStateFile(options.stateFile, state);
  const webhooks = createWebhooks(options.log, file?.saved?.events);
  webhooks.endpoint = options.endpoint;
  const account = createAccount((type, object) => webhooks.emit(type, object));
  if (file?.saved !== undefined) fillAccount(account, file.saved);
  const faults = createFaults();
  const keys = createIdempotencyKeys(file?.saved?.keys);
  const api = createApi(
    account,
    () => webhooks.events,
    () => url,
  );
  const control = createControl({ account, faults, webhooks, show: (intent) => presentIntent(account, intent, [], url) });

  function state(): SavedState {
    const { intents, charges, refunds } = account;
    return {
      intents: [...intents.values()],
      charges: [...charges.values()],
      refunds: [...refunds.values()],
      keys: keys.list(),
      events: webhooks.events,
    };
  }

  /** One call of Stripe's API, with whatever is set to befall it. */
  async function answerApi(request: IncomingMessage, response: ServerResponse, path: string, query: string): Promise<void> {
    const { method = "GET" } = request;
    const body = await text(request);
    if (!/^(Bearer|Basic) .+/.test(request.headers.authorization ?? "")) {
      throw new StripeError(401, { type: "invalid_request_error", message: "You did not provide an API key." });
    }
    const key = method === "POST" ? request.headers["idempotency-key"] : undefined;
    const fault = faults.take(method, path);
    const cut = (): void => void response.socket?.destroy();
    if (fault?.kind === "drop-before") return cut();
    if (fault?.kind === "error-before") throw new StripeError(500, { type: "api_error", message: "An unknown error occurred." });
    if (fault?.kind === "hang-before") {
      const free = keys.occupy(String(key));
      await Promise.race([fault.released, once(response, "close")]);
      free();
      // Whoever went away in the meantime never got this far.
      if (response.destroyed) return;
    }
    if (fault?.kind === "late") {
      const free = keys.occupy(String(key));
      cut();
      await fault.released;
      free();
    }
    const work = () => perform(() => api({ method, path, parameters: parseParameters(body || query) }));
    const { isReplay, ...answer } =
      typeof key === "string" ? keys.once(key, `${method} ${path} ${body}`, work) : { ...work(), isReplay: false };
    if (fault?.kind === "late") return;
    if (fault?.kind === "drop-after") return cut();
    if (fault?.kind === "error-after") throw new StripeError(500, { type: "api_error", message: "An unknown error occurred." });
    if (fault?.kind === "hang-after") await fault.released;
    if (isReplay) response.setHeader("idempotent-replayed", "true");
    write(response, answer);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? "/", "http://simulator");
    if (pathname === "/simulator/health") return write(response, { status: 200, body: '{"status": "up"}' });
    const page = /^\/simulator\/3ds\/(\w+)$/.exec(pathname)?.[1];
    if (request.method === "GET" && page !== undefined) {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
      response.end(threeDSecurePage(getIntent(account, page)));
      return;
    }
    if (pathname.startsWith("/simulator/")) {
      const body = readJson(await text(request));
      write(response, { status: 200, body: JSON.stringify(await control(request.method ?? "GET", pathname, body)) });
      return;
    }
    await answerApi(request, response, pathname, search.slice(1));
  }

  const server = createServer((request, response) => {
    response.setHeader("request-id", newId("req"));
    response.on("error", () => {});
    answer(request, response)
      .catch((error: unknown) => {
        if (!(error instanceof StripeError)) options.log(String(error));
        if (!response.headersSent && !response.destroyed) write(response, failure(error));
      })
      .finally(() => file?.saveSoon());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  url = options.publicUrl ?? `http://${options.host}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    async close() {
      webhooks.close();
      faults.releaseAll();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      file?.saveNow();
    },
  };
}

/** An error is an answer too: it is kept under the request's key. */
function perform(work: () => object): KeptAnswer {
  try {
    return { status: 200, body: JSON.stringify(work()) };
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): KeptAnswer {
  const { status, body } =
    error instanceof StripeError ? error : new StripeError(500, { type: "api_error", message: "The simulator failed." });
  return { status, body: JSON.stringify({ error: body }) };
}

function write(response: ServerResponse, { status, body }: KeptAnswer): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body);
}

function readJson(body: string): Record<string, unknown> {
  if (body === "") return {};
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    throw invalidRequest("The body must be JSON.");
  }
}
