import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Client } from "pg";
import { silentLogger } from "../logging/silent-logger.ts";
import { createTestDatabase, type TestDatabase } from "../testing/test-postgres.ts";
import { type Listener, listen } from "./listen.ts";

let testDatabase: TestDatabase;
let admin: Client;
const listeners: Listener[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  admin = new Client({ connectionString: testDatabase.adminUrl });
  await admin.connect();
});

afterAll(async () => {
  await Promise.all(listeners.map((listener) => listener.close()));
  await admin.end();
  await testDatabase.drop();
});

/** Hands out what comes, one by one. */
function inbox<T>(): { put(item: T): void; next(): Promise<T> } {
  const items: T[] = [];
  const takers: ((item: T) => void)[] = [];
  return {
    put(item) {
      const taker = takers.shift();
      if (taker === undefined) items.push(item);
      else taker(item);
    },
    next() {
      const item = items.shift();
      return item === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(item);
    },
  };
}

test("hears its channels, and after a lost connection says so and hears again", async () => {
  const heard = inbox<string>();
  const connected = inbox<true>();
  const listener = await listen({
    url: testDatabase.adminUrl,
    channels: ["outbox", "odd name"],
    onNotification: (channel, payload) => heard.put(`${channel}: ${payload}`),
    onConnect: () => connected.put(true),
    logger: silentLogger,
  });
  listeners.push(listener);
  await connected.next();
  await admin.query(`notify other, 'x'; notify outbox, 'first'; notify "odd name"`);
  expect(await heard.next()).toBe("outbox: first");
  expect(await heard.next()).toBe("odd name: ");
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'plinth-listen'",
  );
  await connected.next();
  await admin.query("notify outbox, 'second'");
  expect(await heard.next()).toBe("outbox: second");
});

test("all who listen to a database share a connection, each hears its own, and the last one takes it along", async () => {
  const heard = [inbox<string>(), inbox<string>()] as const;
  const connected = inbox<true>();
  const url = new URL(testDatabase.adminUrl);
  const connections = async () => {
    const { rows } = await admin.query(
      "select pid from pg_stat_activity where application_name = 'plinth-listen' and datname = current_database()",
    );
    return rows.length;
  };
  const before = await connections();
  const open = (channels: string[], to: (typeof heard)[number]) =>
    listen({
      url: url.href,
      channels,
      onNotification: (channel, payload) => to.put(`${channel} ${payload}`),
      onConnect: () => connected.put(true),
      logger: silentLogger,
    });
  url.searchParams.set("fallback_application_name", "another"); // Not the one of the test before.
  const [first, second] = await Promise.all([open(["shared", "one"], heard[0]), open(["shared", "two"], heard[1])]);
  expect(await connections()).toBe(before + 1);
  await admin.query("notify one, '1'; notify two, '2'; notify shared, '3'");
  expect([await heard[0].next(), await heard[0].next()]).toEqual(["one 1", "shared 3"]);
  expect([await heard[1].next(), await heard[1].next()]).toEqual(["two 2", "shared 3"]);
  await first.close();
  await admin.query("notify one, 'late'; notify shared, '4'");
  expect(await heard[1].next()).toBe("shared 4");
  await second.close();
  expect(await connections()).toBe(before);
  const third = await open(["one"], heard[0]);
  await admin.query("notify one, '5'");
  expect(await heard[0].next()).toBe("one 5");
  await third.close();
});

test("one that is closed while the server is away does not wait for it", async () => {
  const url = new URL(testDatabase.adminUrl);
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(Number(new URL(testDatabase.adminUrl).port), "127.0.0.1");
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on("error", () => undefined).on("close", () => to.destroy());
      from.pipe(to);
    }
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  url.port = String((proxy.address() as AddressInfo).port);
  const open = () => listen({ url: url.href, channels: ["away"], onNotification: () => {}, logger: silentLogger });
  const [first, second] = [await open(), await open()];
  proxy.close();
  for (const socket of sockets) socket.destroy();
  await once(proxy, "close");
  await first.close();
  await second.close();
});

test("a closed one leaves no connection, and one that never could connect says so", async () => {
  const listener = await listen({ url: testDatabase.adminUrl, channels: ["closing"], onNotification: () => {}, logger: silentLogger });
  await listener.close();
  const url = new URL(testDatabase.adminUrl);
  url.port = "1";
  await expect(listen({ url: url.href, channels: ["x"], onNotification: () => {}, logger: silentLogger })).rejects.toThrow("ECONNREFUSED");
});
