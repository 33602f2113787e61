import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import type { Logger } from "../logging/logger.ts";
import { quoteIdentifier } from "./module-roles.ts";

export interface ListenOptions {
  readonly url: string;
  readonly channels: readonly string[];
  readonly onNotification: (channel: string, payload: string) => void;
  /** After each (re)connect: what was notified meanwhile is lost, so look for work once. */
  readonly onConnect?: () => void;
  readonly logger: Logger;
}

export interface Listener {
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
/** A connection whose other side vanished without a word is found out by asking. */
const PROBE_MS = 30_000;

/**
 * Listens for NOTIFY on a connection of its own and comes back after each loss, until closed. Resolves when it
 * listens for the first time; rejects when it never could.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const closed = new AbortController();
  let client = await connect(options);
  const follow = async (): Promise<void> => {
    while (!closed.signal.aborted) {
      await lost(client, closed.signal);
      if (closed.signal.aborted) return;
      options.logger.warn("The connection that listens for notifications was lost; connecting again", { channels: options.channels });
      for (let wait = FIRST_RETRY_MS; !closed.signal.aborted; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
        try {
          client = await connect(options);
          break;
        } catch {
          await delay(wait, undefined, { signal: closed.signal }).catch(() => undefined);
        }
      }
    }
  };
  const following = follow();
  return {
    async close() {
      closed.abort();
      await client.end().catch(() => undefined);
      await following;
      // It may have connected anew while it was told to stop.
      await client.end().catch(() => undefined);
    },
  };
}

async function connect(options: ListenOptions): Promise<Client> {
  const client = new Client({
    connectionString: options.url,
    application_name: "plinth-listen",
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  });
  client.on("error", () => {}); // "end" follows and is what counts.
  client.on("notification", ({ channel, payload }) => options.onNotification(channel, payload ?? ""));
  try {
    await client.connect();
    await client.query(options.channels.map((channel) => `listen ${quoteIdentifier(channel)}`).join(";"));
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  options.onConnect?.();
  return client;
}

/** Resolves when the connection ended, or no longer answers. */
function lost(client: Client, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const probe = setInterval(() => {
      if (asked)
        return void client
          .end()
          .catch(() => undefined)
          .finally(done);
      asked = true;
      client.query("select 1").then(
        () => {
          asked = false;
        },
        () => undefined,
      );
    }, PROBE_MS);
    probe.unref();
    const done = (): void => {
      clearInterval(probe);
      closed.removeEventListener("abort", done);
      resolve();
    };
    client.once("end", done);
    closed.addEventListener("abort", done, { once: true });
  });
}
