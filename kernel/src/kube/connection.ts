import { createSecureContext } from "node:tls";
import type { Dispatcher } from "undici";
import Pool from "undici/lib/dispatcher/pool.js";
import type { CredentialSource, TlsIdentity } from "./credentials.ts";
import { DEADLINE_EXCEEDED, KubeError, UNREACHABLE } from "./errors.ts";

export interface Outgoing {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** Who is told what comes back. After `onEnd` or `onError` nothing more comes. */
export interface Incoming {
  onHead(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** No whole answer came. Always a `KubeError` of status 0, or what `abort` was given. */
  onError(error: Error): void;
}

/** Watches have sockets of their own, so that however many there are, no request waits for them. */
export type Purpose = "request" | "watch";

/** Sockets to one API server, and who we are to it. */
export interface KubeConnection {
  readonly server: string;
  /** Sends once, and tries nothing again. The answer aborts: it closes the socket, so that a dead one is not used again. */
  send(purpose: Purpose, outgoing: Outgoing, incoming: Incoming): (reason: Error) => void;
  /** Reads the credentials anew, after the server refused them. True when there are others now. */
  renewCredentials(): Promise<boolean>;
  /** Ends everything, what is under way too. */
  close(): Promise<void>;
}

export interface ConnectionOptions {
  /** `https://host:port`, with a path where a proxy has the server below one. */
  readonly server: string;
  readonly credentials: CredentialSource;
  readonly userAgent?: string;
  /** Requests at once; further ones queue here. */
  readonly maxSockets?: number;
}

const MAX_SOCKETS = 32;
/** Below what API servers (90 s) and load balancers (60 s) keep: a request must not meet a socket that is just being closed. */
const KEEP_ALIVE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5000;

/**
 * HTTP/1.1 by intent: measured, it takes small writes faster than HTTP/2 does in Node, a dead socket costs one request instead of all, and the end of a
 * watch is the end of its socket. undici's own time limits are off, because they are coarse and count time in the queue otherwise than callers
 * do: deadlines and the idle cut of watches are kept by who sends.
 */
export function openConnection(options: ConnectionOptions): KubeConnection {
  const { credentials, userAgent = "plinth", maxSockets = MAX_SOCKETS } = options;
  const url = new URL(options.server);
  const base = url.pathname.replace(/\/$/, "");
  let pools: Record<Purpose, Pool> | undefined;
  let usedTls: TlsIdentity | undefined;
  let closed = false;
  const retired = new Set<Pool>();

  /** Other certificates need other sockets. Those of before end their work: the server accepted them. */
  function poolsFor(tls: TlsIdentity): Record<Purpose, Pool> {
    if (pools !== undefined && usedTls === tls) return pools;
    for (const pool of Object.values(pools ?? {})) {
      retired.add(pool);
      void pool.close().then(() => retired.delete(pool));
    }
    usedTls = tls;
    pools = { request: openPool(url.origin, tls, maxSockets), watch: openPool(url.origin, tls, null) };
    return pools;
  }

  return {
    server: options.server,
    send(purpose, outgoing, incoming) {
      let controller: Dispatcher.DispatchController | undefined;
      let over = false;

      function fail(error: Error): void {
        if (over) return;
        over = true;
        incoming.onError(error);
      }

      function dispatch(identity: Readonly<Record<string, string>>, pool: Pool): void {
        const headers = { ...outgoing.headers, ...identity, "user-agent": userAgent };
        pool.dispatch(
          {
            method: outgoing.method,
            path: base + outgoing.path,
            headers,
            body: outgoing.body ?? null,
            headersTimeout: 0,
            bodyTimeout: 0,
          },
          {
            onRequestStart(given) {
              controller = given;
              if (over) given.abort(new KubeError(0, UNREACHABLE, "No longer wanted."));
            },
            onResponseStart(_controller, status, received) {
              if (!over) incoming.onHead(status, received);
            },
            onResponseData(_controller, chunk) {
              if (!over) incoming.onData(chunk);
            },
            onResponseEnd() {
              if (over) return;
              over = true;
              incoming.onEnd();
            },
            onResponseError(_controller, error) {
              fail(unreachable(options.server, error));
            },
          },
        );
      }

      async function start(): Promise<void> {
        try {
          const { tls, headers } = await credentials.current();
          if (over) return;
          if (closed) throw new Error("The connection is closed.");
          dispatch(headers, poolsFor(tls)[purpose]);
        } catch (error) {
          fail(unreachable(options.server, error));
        }
      }

      void start();
      return (reason) => {
        if (over) return;
        fail(reason);
        controller?.abort(reason);
      };
    },
    renewCredentials: () => credentials.renew(),
    async close() {
      closed = true;
      await Promise.all([...Object.values(pools ?? {}), ...retired].map((pool) => pool.destroy()));
    },
  };
}

function openPool(origin: string, tls: TlsIdentity, connections: number | null): Pool {
  return new Pool(origin, {
    connections,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: {
      timeout: CONNECT_TIMEOUT_MS,
      // One for all sockets: to parse certificates again for each takes milliseconds.
      secureContext: createSecureContext({
        ...(tls.ca !== undefined && { ca: tls.ca }),
        ...(tls.cert !== undefined && { cert: tls.cert }),
        ...(tls.key !== undefined && { key: tls.key }),
      }),
      ...(tls.servername !== undefined && { servername: tls.servername }),
      ...(tls.verify === false && { rejectUnauthorized: false }),
    },
  });
}

/** Failures that happen before a request is sent: even what must not be done twice may be sent again. */
const NOT_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);

/** True when a request that failed with this certainly never reached the server. */
export function wasNotSent(error: unknown): boolean {
  const codes = codesOf(error);
  return codes.length > 0 && codes.every((code) => NOT_SENT.has(code) || DISTRUST.test(code));
}

/** Codes of OpenSSL and Node for a certificate that one side does not believe. */
const DISTRUST = /CERT|SIGNATURE|ISSUER|SSL|TLS/;

/** True when sockets cannot be made because one side does not believe the other: new certificates may be there already. */
export function isDistrust(error: unknown): boolean {
  return codesOf(error).some((code) => DISTRUST.test(code));
}

/** Of what made the request fail; of each address that was tried. */
function codesOf(error: unknown): string[] {
  const cause = error instanceof KubeError ? (error.cause as { code?: unknown; errors?: unknown } | undefined) : undefined;
  if (cause === undefined) return [];
  const causes: unknown[] = Array.isArray(cause.errors) ? cause.errors : [cause];
  return causes.map((one) => String((one as { code?: unknown }).code ?? ""));
}

function unreachable(server: string, error: unknown): KubeError {
  if (error instanceof KubeError) return error;
  const { message, code } = error as { message?: string; code?: string };
  return new KubeError(0, UNREACHABLE, `The API server ${server} does not answer: ${message || code || error}`, { cause: error });
}

/** The error of a request whose time was over. */
export function deadlineExceeded(method: string, path: string, ms: number): KubeError {
  return new KubeError(0, DEADLINE_EXCEEDED, `${method} ${path} had no answer within ${Math.round(ms)} ms.`);
}
