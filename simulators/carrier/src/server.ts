import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createAccount } from "./account.ts";
import { createApi } from "./api.ts";
import { createControl } from "./control.ts";
import { badParameter, EasyPostError } from "./easypost-error.ts";
import { Faults } from "./faults.ts";
import { labelImage, trackingPage } from "./pages.ts";
import { presentTracker } from "./present.ts";
import { getShipment } from "./shipments.ts";
import { StateFile } from "./state-file.ts";
import { getTracker } from "./trackers.ts";
import { type Endpoint, Webhooks } from "./webhooks.ts";

export interface CarrierSimulatorOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly endpoint?: Endpoint | undefined;
  /** Where browsers find labels and parcels; where it listens unless said. */
  readonly publicUrl?: string | undefined;
  /** A file that it remembers by from one start to the next; without one it forgets everything when it stops. */
  readonly stateFile?: string | undefined;
  log(line: string): void;
}

export interface CarrierSimulator {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts an EasyPost of our own: stateful, with switches under `/simulator`. */
export async function startCarrierSimulator(options: CarrierSimulatorOptions): Promise<CarrierSimulator> {
  let url = "";
  const account = createAccount((description, tracker, before) => webhooks.emit(description, presentTracker(tracker, url), before));
  const read = () => ({ shipments: [...account.shipments.values()], trackers: [...account.trackers.values()], events: webhooks.events });
  const file = options.stateFile === undefined ? undefined : new StateFile(options.stateFile, read);
  const webhooks = new Webhooks(options.log, options.endpoint, file?.saved?.events);
  for (const shipment of file?.saved?.shipments ?? []) account.shipments.set(shipment.id, shipment);
  for (const tracker of file?.saved?.trackers ?? []) account.trackers.set(tracker.id, tracker);
  const faults = new Faults();
  const api = createApi(account, webhooks.events, () => url);
  const control = createControl({ account, faults, webhooks, url: () => url });

  /** One call of EasyPost's API, with whatever is set to befall it. */
  async function answerApi(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const { method = "GET" } = request;
    const body = readJson(await text(request));
    if (!/^(Bearer|Basic) .+/.test(request.headers.authorization ?? "")) {
      throw new EasyPostError(401, "APIKEY.INACTIVE", "This api key is no longer active. Please use a different api key.");
    }
    const fault = faults.take(method, path);
    const cut = (): void => void response.socket?.destroy();
    if (fault?.kind === "drop-before") return cut();
    if (fault?.kind === "error-before") throw outOfOrder();
    if (fault?.kind === "hang-before") {
      await Promise.race([fault.release.promise, once(response, "close")]);
      // Whoever went away in the meantime never got this far.
      if (response.destroyed) return;
    }
    const answer = api({ method, path, body, refuses: fault?.kind === "refuse" });
    file?.saveSoon();
    if (fault?.kind === "drop-after") return cut();
    if (fault?.kind === "error-after") throw outOfOrder();
    if (fault?.kind === "hang-after") await fault.release.promise;
    write(response, answer.status, answer.body);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", "http://simulator");
    const [, room, area, name = ""] = pathname.split("/");
    if (room !== "simulator") return answerApi(request, response, pathname);
    if (area === "health") return write(response, 200, { status: "up" });
    if (area === "labels") {
      const shipment = getShipment(account, name);
      return show(response, "image/svg+xml", labelImage(shipment, getTracker(account, shipment.trackerId ?? "")));
    }
    if (area === "track") return show(response, "text/html", trackingPage(getTracker(account, name)));
    write(response, 200, await control(request.method ?? "GET", pathname, readJson(await text(request))));
    file?.saveSoon();
  }

  const server = createServer((request, response) => {
    response.on("error", () => {});
    answer(request, response).catch((error: unknown) => {
      if (!(error instanceof EasyPostError)) options.log(String(error));
      const { status, code, message } = error instanceof EasyPostError ? error : outOfOrder();
      if (!response.headersSent && !response.destroyed) write(response, status, { error: { code, message, errors: [] } });
    });
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
      faults.clear();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      file?.saveNow();
    },
  };
}

function outOfOrder(): EasyPostError {
  return new EasyPostError(500, "INTERNAL_SERVER_ERROR", "Something went wrong.");
}

function write(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function show(response: ServerResponse, type: string, page: string): void {
  response.writeHead(200, { "content-type": `${type}; charset=utf-8` });
  response.end(page);
}

function readJson(body: string): Record<string, unknown> {
  if (body === "") return {};
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    throw badParameter("The body must be JSON.");
  }
}
