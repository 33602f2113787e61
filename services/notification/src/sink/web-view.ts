import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import type { Logger } from "@plinth/kernel/logging";
import { listenOn } from "./listen-on.ts";
import { MAIL_HTML_HEADERS, type MailApi } from "./mail-api.ts";
import { isOwnHost, isOwnPage } from "./own-page.ts";

export interface WebViewOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly api: MailApi;
  readonly logger: Logger;
}

const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; frame-ancestors 'none'",
};

/** Files of the page, read at the start. */
const FILES = [
  { path: "/", file: "page.html", type: "text/html; charset=utf-8" },
  { path: "/page.js", file: "page.js", type: "text/javascript; charset=utf-8" },
  { path: "/page.css", file: "page.css", type: "text/css; charset=utf-8" },
] as const;

/** The page that shows the caught mails, and their JSON API. */
export async function startWebView(options: WebViewOptions): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { api, logger } = options;
  const folder = join(import.meta.dirname, "page");
  const files = new Map<string, { readonly body: Buffer; readonly type: string }>();
  for (const { path, file, type } of FILES) files.set(path, { body: await readFile(join(folder, file)), type });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader("x-content-type-options", "nosniff");
    // Links in mails carry tokens; and what is shown here is nobody else's business.
    response.setHeader("referrer-policy", "no-referrer");
    response.setHeader("cross-origin-resource-policy", "same-origin");
    response.setHeader("cache-control", "no-store");
    // A name of somebody else's that leads to this machine: the page there could read what is here.
    if (!isOwnHost(request.headers.host, options.host)) return send(response, 421, { error: "Open this page by http://localhost." });
    const url = new URL(request.url ?? "/", "http://localhost");
    const { pathname } = url;
    const file = files.get(pathname);
    if (request.method === "GET" && file !== undefined) {
      response.writeHead(200, { "content-type": file.type, ...PAGE_HEADERS }).end(file.body);
      return;
    }
    if (pathname === "/api/mails" && request.method === "GET")
      return send(response, 200, { mails: await api.list(url.searchParams, closed(response)) });
    if (pathname === "/api/mails" && request.method === "DELETE") {
      if (!isOwnPage(request.headers)) return send(response, 403, { error: "Another site's page may not delete mails." });
      await api.clear();
      response.writeHead(204).end();
      return;
    }
    const [, id = "", part = ""] = /^\/api\/mails\/(\w{1,64})(?:\/(html|raw))?$/.exec(pathname) ?? [];
    if (id === "" || request.method !== "GET") return send(response, 404, { error: "There is nothing here." });
    if (part === "raw") return sendText(response, await api.raw(id), { "content-type": "text/plain; charset=utf-8" });
    const mail = await api.find(id);
    if (part === "html") return sendText(response, mail?.html, MAIL_HTML_HEADERS);
    return mail === undefined ? send(response, 404, { error: `There is no mail ${id}.` }) : send(response, 200, mail);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (error instanceof RangeError) return send(response, 400, { error: error.message });
      logger.warn("The mail sink's page could not answer", { error });
      if (!response.headersSent) send(response, 500, { error: "Something went wrong; the log says what." });
    });
  });
  const port = await listenOn(server, options.host, options.port, "sink.webPort");
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Pages wait for mails with their requests open.
        server.closeAllConnections();
      }),
  };
}

/** Aborts when the client has gone. */
function closed(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => controller.abort());
  return controller.signal;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
}

function sendText(response: ServerResponse, body: Buffer | string | undefined, headers: Record<string, string>): void {
  if (body === undefined) send(response, 404, { error: "There is no such mail." });
  else response.writeHead(200, headers).end(body);
}
