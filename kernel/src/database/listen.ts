import { Client } from "pg";
import { type InTurn, takeTurns } from "../base/take-turns.ts";
import type { Logger } from "../logging/logger.ts";
import { quoteIdentifier } from "./module-roles.ts";

export interface ListenOptions {
  readonly url: string;
  readonly channels: readonly string[];
  readonly onNotification: (channel: string, payload: string) => void;
  /** After each (re)connect: what was notified meanwhile is lost, so look for work once. `query` is for what is to last as long as the connection: locks. */
  readonly onConnect?: (query: ListenerQuery) => void;
  readonly logger: Logger;
}

/** Rejects when the connection is gone. */
export type ListenerQuery = (sql: string, values: readonly unknown[]) => Promise<unknown>;

export interface Listener {
  /** Whatever was notified before this `performance.now()` has come. Undefined: nobody listens at the moment. */
  heardUntil(): number | undefined;
  /** Asks the server, so that `heardUntil` moves on to now: it sends what was notified before it answers. */
  prove(): void;
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;
/** A connection whose other side vanished without a word is found out by asking. */
const PROBE_MS = 30_000;
const QUERY_TIMEOUT_MS = 15_000;

/** By database: see `listen`. */
const ears = new Map<string, Ear>();

/**
 * Listens for NOTIFY and comes back after each loss, until closed. Resolves when it listens for the first time; rejects when it could not. All who listen
 * to one database in a process do so on one connection, in the role of any of them: each NOTIFY wakes every session of its database that listens to
 * anything.
 */
export function listen(options: ListenOptions): Promise<Listener> {
  const { host, pathname, search } = new URL(options.url);
  const database = `${host}${pathname}${search}`;
  const known = ears.get(database);
  if (known !== undefined) return known.join(options);
  const ear = createEar(() => {
    if (ears.get(database) === ear) ears.delete(database);
  });
  ears.set(database, ear);
  return ear.join(options);
}

interface Ear {
  join(options: ListenOptions): Promise<Listener>;
}

/** One connection for all that join. `onDeserted` is called when nobody is left; who comes after that needs another. */
function createEar(onDeserted: () => void): Ear {
  const members = new Set<ListenOptions>();
  let joining = 0;
  let client: Client | undefined;
  let heardUntil: number | undefined;
  let proving = false;
  let cutWait: () => void = () => {};
  /** Who comes, what is given up, and connections that are made anew, one after the other. */
  const inTurn = takeTurns();
  const channelsOf = (all: Iterable<ListenOptions>): Set<string> => new Set([...all].flatMap(({ channels }) => channels));

  const query: ListenerQuery = (sql, values) =>
    inTurn(() =>
      client === undefined ? Promise.reject(new Error("The connection that listens is gone.")) : client.query(sql, [...values]),
    );

  async function connect(url: string): Promise<void> {
    const made = new Client({
      connectionString: url,
      application_name: "plinth-listen",
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      query_timeout: QUERY_TIMEOUT_MS,
    });
    made.on("error", () => {}); // "end" follows and is what counts.
    made.on("notification", ({ channel, payload = "" }) => {
      for (const member of members) if (member.channels.includes(channel)) member.onNotification(channel, payload);
    });
    try {
      await made.connect();
      await made.query(sqlOf("listen", channelsOf(members)));
    } catch (error) {
      await made.end().catch(() => undefined);
      throw error;
    }
    if (members.size === 0) return void (await made.end().catch(() => undefined));
    client = made;
    void lost(made, inTurn).then(() => {
      if (client !== made) return;
      client = undefined;
      heardUntil = undefined;
      if (members.size > 0) void inTurn(connectAgain);
    });
  }

  const tellAll = (): void => {
    for (const member of members) member.onConnect?.(query);
  };

  async function prove(): Promise<void> {
    if (proving) return;
    proving = true;
    const asking = client;
    const askedAt = performance.now();
    try {
      await query("select 1", []);
      if (asking === client) heardUntil = askedAt;
    } catch {
      // The connection is gone, and made anew elsewhere.
    } finally {
      proving = false;
    }
  }

  async function connectAgain(): Promise<void> {
    for (let wait = FIRST_RETRY_MS; members.size > 0 && client === undefined; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
      for (const { url, logger } of [...members]) {
        // Where one's role is gone another one's may do.
        await connect(url).catch(() => undefined);
        if (client === undefined) continue;
        logger.warn("The connection that listens for notifications was lost and made anew");
        tellAll();
        return;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        cutWait = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async function enter(member: ListenOptions): Promise<void> {
    const known = channelsOf(members);
    members.add(member);
    const added = member.channels.filter((channel) => !known.has(channel));
    const old = client;
    const isHeard =
      (await old?.query(sqlOf("listen", added)).then(
        () => true,
        () => false,
      )) ?? false;
    try {
      if (!isHeard) await connect(member.url);
    } catch (error) {
      members.delete(member);
      throw error;
    }
    if (isHeard) return member.onConnect?.(query);
    // To the others it is as lost as if nobody had come.
    void old?.end().catch(() => undefined);
    tellAll();
  }

  async function giveUp(channels: readonly string[]): Promise<void> {
    const listening = client;
    if (members.size === 0) {
      client = undefined;
      await listening?.end().catch(() => undefined);
    } else {
      const wanted = channelsOf(members);
      const unused = channels.filter((channel) => !wanted.has(channel));
      await listening?.query(sqlOf("unlisten", unused)).catch(() => undefined);
    }
  }

  const dropIfDeserted = (): void => {
    if (joining > 0 || members.size > 0) return;
    onDeserted();
    cutWait();
  };

  return {
    async join(options) {
      const member = { ...options };
      joining++;
      try {
        await inTurn(() => enter(member));
      } finally {
        joining--;
        dropIfDeserted();
      }
      return {
        heardUntil: () => heardUntil,
        prove: () => void prove(),
        close() {
          members.delete(member);
          dropIfDeserted();
          // Without a connection there is nothing to give up: whoever makes it anew may be at it for long.
          return client === undefined ? Promise.resolve() : inTurn(() => giveUp(member.channels));
        },
      };
    },
  };
}

function sqlOf(command: "listen" | "unlisten", channels: Iterable<string>): string {
  return Array.from(channels, (channel) => `${command} ${quoteIdentifier(channel)}`).join(";");
}

/** Resolves when the connection ended, or no longer answers when it is its turn. */
function lost(client: Client, inTurn: InTurn): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearInterval(probe);
      resolve();
    };
    const probe = setInterval(() => {
      inTurn(() => client.query("select 1")).catch(() => {
        void client.end().catch(() => undefined);
        done();
      });
    }, PROBE_MS);
    probe.unref();
    client.once("end", done);
  });
}
