import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmdirSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { locatePostgresBinaries } from "./binaries.ts";
import { claimFolder } from "./claim-folder.ts";
import {
  adminUrlOf,
  checkVersion,
  ensureOwner,
  initializeDataFolder,
  readServerRecord,
  serverEnvironment,
  writeServerRecord,
} from "./data-folder.ts";
import { stopLeftoverServer } from "./leftover-server.ts";
import { findServerUser } from "./server-user.ts";
import { serverSettings } from "./settings.ts";

export interface EmbeddedPostgresOptions {
  /** Made when missing. Its sibling `<dataFolder>.json` keeps the administrator's password. */
  dataFolder: string;
  /** Defaults to the port of the last start, or a free one. */
  port?: number;
  /** No durability: for tests whose data nobody wants back. */
  fast?: boolean;
  /** The server's own log, line by line. */
  log?: (line: string) => void;
  /** The server ended and nobody had stopped it. It is started again, with a few tries. */
  onEnd?: (reason: string) => void;
  /** It could not be started again: there is no server any more. */
  onLost?: (error: unknown) => void;
}

export interface EmbeddedPostgres {
  /** Connects as superuser to the database `plinth`; holds the password. */
  readonly adminUrl: string;
  readonly port: number;
  /** Ends open connections, writes everything out and waits for the end. */
  stop(): Promise<void>;
}

/** A server killed from outside is started again this often in a row before we give up. */
const RESTARTS = 5;
/** Past this a fast shutdown hangs; the log is replayed at the next start. */
const STOP_MS = 10_000;

/** Starts a Postgres server of our own on `dataFolder` and resolves when it takes connections. Throws where another process has one on it. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataFolder = resolve(options.dataFolder);
  const release = claimFolder(dataFolder);
  try {
    const { stop, ...postgres } = await startServer(dataFolder, options);
    return { ...postgres, stop: () => stop().finally(release) };
  } catch (error) {
    release();
    throw error;
  }
}

async function startServer(dataFolder: string, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = locatePostgresBinaries();
  const user = await findServerUser(binaries.postgres);
  let record = readServerRecord(dataFolder);
  if (existsSync(join(dataFolder, "PG_VERSION"))) {
    if (record === undefined) {
      throw new Error(
        `The data folder ${dataFolder} has lost its ${dataFolder}.json with the password. Restore that file, or move the folder away to start empty.`,
      );
    }
    checkVersion(dataFolder, user.version);
    await stopLeftoverServer(dataFolder);
    ensureOwner(dataFolder, user);
  } else {
    // An empty folder may have been made for us; one with anything in it is not ours to replace.
    if (existsSync(dataFolder)) rmdirSync(dataFolder);
    record = await initializeDataFolder(dataFolder, binaries, user);
  }
  const port = options.port ?? (await usablePort(record.port));
  writeServerRecord(dataFolder, { password: record.password, port });

  const { file, args } = user.command(binaries.postgres, ["-D", dataFolder, ...serverSettings(port, options.fast === true)]);
  const launch = () => launchServer(file, args, { dataFolder, port, log: options.log });
  let server = await launch();
  let stopping = false;
  let restarting: Promise<void> | undefined;
  const supervise = (child: ChildProcess): void => {
    child.once("exit", (code, signalName) => {
      if (!stopping) restarting = restart(`exit ${signalName ?? code}`);
    });
  };
  const restart = async (reason: string): Promise<void> => {
    options.onEnd?.(reason);
    for (let attempt = 1; !stopping; attempt++) {
      try {
        server = await launch();
        return supervise(server);
      } catch (error) {
        // The dead server's children hold its shared memory until they notice its death.
        options.log?.(`restart ${attempt} of ${RESTARTS} failed: ${error instanceof Error ? error.message : error}`);
        if (attempt === RESTARTS) return options.onLost?.(error);
        await delay(200 * attempt);
      }
    }
  };
  supervise(server);

  return {
    adminUrl: adminUrlOf(record.password, port),
    port,
    async stop() {
      stopping = true;
      await restarting;
      await shutDown(server);
    },
  };
}

/** Resolves with the process once it accepts connections; rejects with what its log says otherwise. */
function launchServer(
  file: string,
  args: string[],
  context: { dataFolder: string; port: number; log: ((line: string) => void) | undefined },
): Promise<ChildProcess> {
  return new Promise((accept, reject) => {
    // A group of its own: Ctrl-C in a terminal reaches us alone, and we stop the server when the services are done with it.
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"], env: serverEnvironment(), detached: true });
    const lines: string[] = [];
    let ready = false;
    child.once("error", reject);
    createInterface({ input: child.stderr }).on("line", (line) => {
      context.log?.(line);
      if (ready) return;
      lines.push(line);
      if (line.includes("database system is ready to accept connections")) {
        ready = true;
        // The server must not keep a process alive that has nothing else to do.
        child.unref();
        accept(child);
      }
    });
    child.once("close", (code) => reject(startFailure(code, lines.join("\n"), context)));
  });
}

function startFailure(code: number | null, output: string, { dataFolder, port }: { dataFolder: string; port: number }): Error {
  if (/could not bind|Address already in use/.test(output)) {
    return new Error(`Port ${port} is taken by another program. Stop it, or choose another port for the built-in Postgres.`);
  }
  if (/No space left on device/.test(output)) return new Error(`The disk of ${dataFolder} is full: make room and start again.`);
  if (/lock file "postmaster.pid" already exists/.test(output)) {
    return new Error(`The data folder ${dataFolder} is in use by another server. Stop that one first, or choose another folder.`);
  }
  return new Error(`The built-in Postgres did not start (exit ${code}, folder ${dataFolder}):\n${output}`);
}

async function shutDown(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.ref();
  const exited = once(server, "exit");
  server.kill("SIGINT");
  const stopped = new AbortController();
  const hung = delay(STOP_MS, undefined, { signal: stopped.signal }).then(
    () => server.kill("SIGQUIT"),
    () => undefined,
  );
  await exited;
  stopped.abort();
  await hung;
}

/** The remembered port if nobody listens on it, else one the system finds free. */
async function usablePort(remembered: number | undefined): Promise<number> {
  return (remembered === undefined ? undefined : await tryPort(remembered)) ?? (await tryPort(0)) ?? fail();
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((accept) => {
    const server = createServer();
    server.once("error", () => accept(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => accept(typeof address === "object" && address !== null ? address.port : undefined));
    });
  });
}

function fail(): never {
  throw new Error("No free port on 127.0.0.1.");
}
