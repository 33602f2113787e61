import { setTimeout as delay } from "node:timers/promises";
import { Client, type QueryConfig } from "pg";
import { takeTurns } from "../base/take-turns.ts";
import { databaseErrorCode } from "../database/database-errors.ts";
import { listen } from "../database/listen.ts";
import type { Logger } from "../logging/logger.ts";

export interface SessionOptions {
  readonly url: string;
  readonly applicationName: string;
  /** First in the search path. */
  readonly schema: string;
  readonly channels: readonly string[];
  readonly onNotification: (channel: string, payload: string) => void;
  /** What was notified until now may be lost: look for work once. At first, and when the process's listening connection was made anew. */
  readonly onListening: () => void;
  /** Runs on each new connection before it is used; takes the locks. A rejection ends the connection. */
  readonly onConnect?: (query: SessionQuery) => Promise<void>;
  /** The connection is gone, and with it every lock it held. */
  readonly onLost?: () => void;
  readonly logger: Logger;
}

export type SessionQuery = <Row = Record<string, unknown>>(query: string | QueryConfig, values?: readonly unknown[]) => Promise<Row[]>;

/** One connection whose advisory locks live as long as it does, and an ear for notifications; made anew after each loss, until closed. */
export interface Session {
  /** Rejects while there is no connection. */
  readonly query: SessionQuery;
  close(): Promise<void>;
}

interface Connection {
  readonly query: SessionQuery;
  readonly ended: Promise<void>;
  end(): Promise<void>;
}

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5_000;
/** Past this the other side counts as gone without a word. */
const QUERY_TIMEOUT_MS = 15_000;
/** So that the server, for its part, frees the locks of a vanished machine within half a minute. */
const SERVER_KEEPALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

/** Rejects when the first connection fails; later ones are tried until one succeeds. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const closed = new AbortController();
  let connection: Connection | undefined = await begin(options);
  const following = follow();
  const { url, channels, onNotification, onListening, logger } = options;
  const listener = await listen({ url, channels, onNotification, onConnect: onListening, logger }).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  return {
    query: (query, values) => {
      if (connection === undefined) return Promise.reject(new Error(`${options.applicationName} has no connection to its database.`));
      return connection.query(query, values);
    },
    async close() {
      await Promise.all([listener.close(), end()]);
    },
  };

  async function end(): Promise<void> {
    closed.abort();
    await connection?.end();
    await following;
  }

  async function follow(): Promise<void> {
    while (connection !== undefined) {
      await connection.ended;
      connection = undefined;
      options.onLost?.();
      if (closed.signal.aborted) return;
      options.logger.warn("A database session was lost; connecting again", { session: options.applicationName });
      connection = await beginAgain(options, closed.signal);
    }
  }
}

async function beginAgain(options: SessionOptions, closed: AbortSignal): Promise<Connection | undefined> {
  for (let wait = FIRST_RETRY_MS; !closed.aborted; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
    try {
      const connection = await begin(options);
      if (!closed.aborted) return connection;
      await connection.end();
    } catch {
      await delay(wait, undefined, { signal: closed }).catch(() => undefined);
    }
  }
  return undefined;
}

async function begin(options: SessionOptions): Promise<Connection> {
  const client = new Client({
    connectionString: options.url,
    application_name: options.applicationName,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    query_timeout: QUERY_TIMEOUT_MS,
    options: `-c search_path=${options.schema} ${SERVER_KEEPALIVE}`,
  });
  const ended = new Promise<void>((resolve) => client.once("end", resolve));
  const end = async (): Promise<void> => {
    await client.end().catch(() => undefined);
  };
  client.on("error", () => {}); // "end" follows and is what counts.
  // One statement after another: pg is about to give up its own queue.
  const inTurn = takeTurns();
  const query: SessionQuery = async <Row>(text: string | QueryConfig, values?: readonly unknown[]) => {
    try {
      const result = await inTurn(() => client.query(text as string, values as unknown[] | undefined));
      return (Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows) as Row[];
    } catch (error) {
      // Refused by the server: a code. Anything else means that the connection is of no use any more.
      if (databaseErrorCode(error) === "") void end();
      throw error;
    }
  };
  try {
    await client.connect();
    await options.onConnect?.(query);
  } catch (error) {
    await end();
    throw error;
  }
  return { query, ended, end };
}
