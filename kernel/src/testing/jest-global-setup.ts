import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../embedded/start-embedded-postgres.ts";
import { TEST_POSTGRES_PORT, TEST_RUN_FOLDER } from "./test-run.ts";

interface TestServer {
  readonly door: Server;
  postgres: Promise<EmbeddedPostgres> | undefined;
  readonly folder: string;
}

/** Jest calls setup and teardown in one process but loads their files apart. */
const shared = globalThis as { plinthTestServer?: TestServer };

/**
 * One Postgres for the whole run, started when the first test asks: whoever connects to our port gets the
 * administrator's URL as an answer, or the reason there is none. Runs of unit tests alone never start it.
 */
export default async function setup(): Promise<void> {
  const door = createServer((socket) => {
    socket.on("error", () => {});
    server.postgres ??= startEmbeddedPostgres({ dataFolder: join(server.folder, "postgres"), fast: true });
    server.postgres.then(
      ({ adminUrl }) => socket.end(JSON.stringify({ adminUrl })),
      (error: unknown) => socket.end(JSON.stringify({ failure: String(error) })),
    );
  });
  const server: TestServer = { door, postgres: undefined, folder: mkdtempSync(join(tmpdir(), "plinth-test-")) };
  process.env[TEST_RUN_FOLDER] = server.folder;
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  door.unref();
  const address = door.address();
  if (typeof address === "object" && address !== null) process.env[TEST_POSTGRES_PORT] = String(address.port);
  shared.plinthTestServer = server;
}

/** Ends the run's Postgres and removes its data. */
export async function teardown(): Promise<void> {
  // With one worker, tests run in this process, where graphile-worker notes that another one of another schema migrated. Jest gives its verdict later.
  process.exitCode = undefined;
  const server = shared.plinthTestServer;
  if (server === undefined) return;
  server.door.close();
  const postgres = await server.postgres?.catch(() => undefined);
  await postgres?.stop();
  rmSync(server.folder, { recursive: true, force: true });
}
