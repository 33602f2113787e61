import { type ClientHttp2Session, connect, constants } from "node:http2";
import type { Instance } from "@plinth/kernel/discovery";
import { Pool } from "undici";

/** After so many failures in a row an instance is left alone for a while. */
const FAILURES_TO_EJECT = 5;
const FIRST_EJECTION_MS = 1000;
const LONGEST_EJECTION_MS = 30_000;
const CONNECT_TIMEOUT_MS = 2000;
const CONNECTIONS = 256;

/** One running process of a module as the gateway knows it: its connections, its load, and how it has been doing. */
export class UpstreamInstance {
  readonly instance: Instance;
  readonly pool: Pool;
  /** Requests under way. */
  inFlight = 0;
  /** `performance.now()` before which it is asked only if nobody else is there. */
  ejectedUntil = 0;
  #failures = 0;
  #ejections = 0;
  #session: ClientHttp2Session | undefined;

  constructor(instance: Instance) {
    this.instance = instance;
    this.pool = new Pool(`http://${hostOf(instance.host)}:${instance.httpPort}`, {
      connections: CONNECTIONS,
      pipelining: 1,
      connect: { timeout: CONNECT_TIMEOUT_MS, noDelay: true },
      // Each request brings its own deadline.
      headersTimeout: 0,
    });
  }

  noteSuccess(): void {
    if (this.#failures === 0 && this.#ejections === 0) return;
    this.#failures = 0;
    this.#ejections = 0;
  }

  /** `fatal`: it could not even be connected to. */
  noteFailure(fatal: boolean): void {
    this.#failures++;
    if (!fatal && this.#failures < FAILURES_TO_EJECT) return;
    this.#failures = 0;
    this.ejectedUntil = performance.now() + Math.min(LONGEST_EJECTION_MS, FIRST_EJECTION_MS * 2 ** this.#ejections);
    this.#ejections = Math.min(this.#ejections + 1, 10);
  }

  /** The one HTTP/2 connection to its gRPC port; made anew after it broke or was sent away. */
  session(): ClientHttp2Session {
    const known = this.#session;
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connect(`http://${hostOf(this.instance.host)}:${this.instance.grpcPort}`, {
      settings: { enablePush: false, initialWindowSize: 1024 * 1024 },
    });
    this.#session = session;
    const forget = () => {
      if (this.#session === session) this.#session = undefined;
    };
    const timer = setTimeout(() => session.destroy(new Error("connect timeout")), CONNECT_TIMEOUT_MS);
    session.once("connect", () => clearTimeout(timer));
    session.on("goaway", () => {
      // What runs on it may finish; new calls take a new connection.
      forget();
      if (!session.closed) session.close();
    });
    session.on("error", forget);
    session.on("close", () => {
      clearTimeout(timer);
      forget();
    });
    session.unref();
    return session;
  }

  /** Lets what is under way finish. */
  async close(): Promise<void> {
    if (this.#session !== undefined && !this.#session.closed) this.#session.close();
    await this.pool.close();
  }

  async destroy(): Promise<void> {
    this.#session?.destroy(undefined, constants.NGHTTP2_CANCEL);
    await this.pool.destroy();
  }
}

function hostOf(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
