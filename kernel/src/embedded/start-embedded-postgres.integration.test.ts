import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Client } from "pg";
import { eventually } from "../testing/eventually.ts";
import { hydrateSymlinks, locatePostgresBinaries } from "./binaries.ts";
import { findServerUser } from "./server-user.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./start-embedded-postgres.ts";

/** `mkdtemp` makes folders that only their owner may enter: as root, that is what a server of another user must cope with. */
let folder: string;
const running: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plinth-embedded-"));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(running.splice(0).map((postgres) => postgres.stop()));
  // The server of a killed child ends by itself where the system tells it of the death, and writes until then.
  if (existsSync(lockFile())) process.kill(postmasterPid(), "SIGINT");
  await eventually(() => !existsSync(lockFile()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: { port?: number; log?: (line: string) => void } = {}): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, "data", "postgres"), fast: true, ...options });
  running.push(postgres);
  return postgres;
}

async function query(postgres: { adminUrl: string }, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: postgres.adminUrl });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Starts the server from a process of its own and answers with that process and the server's URL. */
async function startInOtherProcess(): Promise<{ child: ChildProcess; adminUrl: string }> {
  const module = join(dirname(fileURLToPath(import.meta.url)), "start-embedded-postgres.ts");
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
    const postgres = await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(join(folder, "data", "postgres"))}, fast: true });
    console.log(postgres.adminUrl);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [adminUrl] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, adminUrl };
}

describe("a server of our own", () => {
  test("starts in a folder only its owner can enter, keeps its data over a stop, and takes the same port again", async () => {
    const first = await start();
    await query(first, "create table kept (n int); insert into kept values (42)");
    await first.stop();
    const second = await start();
    expect(await query(second, "select n from kept")).toEqual([{ n: 42 }]);
    expect(second.adminUrl).toBe(first.adminUrl);
    expect(statSync(join(folder, "data", "postgres.json")).mode & 0o777).toBe(0o600);
    // Nothing is left of making it.
    expect(readdirSync(join(folder, "data")).sort()).toEqual(["postgres", "postgres.json", "postgres.owner"]);
  });

  test("lets nobody in without the password, and orders strings alike everywhere", async () => {
    const postgres = await start();
    const url = new URL(postgres.adminUrl);
    url.password = "guess";
    await expect(query({ adminUrl: url.href }, "select 1")).rejects.toThrow("password authentication failed");
    const [row] = await query(
      postgres,
      "select datlocale, pg_encoding_to_char(encoding) as encoding from pg_database where datname = 'plinth'",
    );
    expect(row).toEqual({ datlocale: "C.UTF-8", encoding: "UTF8" });
  });

  test("gets nothing of our environment", async () => {
    process.env.PLINTH_TEST_SECRET = "hidden";
    try {
      const postgres = await start();
      const [row] = await query(postgres, "select encode(pg_read_binary_file('/proc/self/environ'), 'escape') as environment");
      expect(row?.environment).not.toContain("hidden");
    } finally {
      delete process.env.PLINTH_TEST_SECRET;
    }
  });

  test("comes back by itself when it is killed", async () => {
    const lines: string[] = [];
    let ready = (): void => {};
    const again = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const postgres = await start({
      log: (line) => {
        lines.push(line);
        if (lines.filter((known) => known.includes("ready to accept")).length === 2) ready();
      },
    });
    process.kill(postmasterPid(), "SIGKILL");
    await again;
    expect(await query(postgres, "select 1 as one")).toEqual([{ one: 1 }]);
  });
});

describe("after the process that started it was killed", () => {
  test("a new start gets the folder, and every committed row", async () => {
    const { child, adminUrl } = await startInOtherProcess();
    await query({ adminUrl }, "create table kept (n int); insert into kept values (1)");
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    const postgres = await start();
    expect(await query(postgres, "select n from kept")).toEqual([{ n: 1 }]);
  });

  test("a lock file that names a process of somebody else does not keep us out, nor is that process touched", async () => {
    const first = await start();
    await first.stop();
    const bystander = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    children.push(bystander);
    writeFileSync(lockFile(), `${bystander.pid}\n${join(folder, "data", "postgres")}\n1\n1\n\n127.0.0.1\n`);
    const owner = statSync(join(folder, "data", "postgres"));
    chownSync(lockFile(), owner.uid, owner.gid);
    await start();
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
  });
});

describe("a start that cannot be", () => {
  test("names the process that uses the folder, and leaves its server alone", async () => {
    const { child, adminUrl } = await startInOtherProcess();
    await expect(start()).rejects.toThrow(`in use: process ${child.pid}`);
    expect(await query({ adminUrl }, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("names the port that is taken", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(start({ port })).rejects.toThrow(`Port ${port} is taken`);
    server.close();
  });

  test("names both versions when the folder is of another one", async () => {
    const postgres = await start();
    await postgres.stop();
    writeFileSync(join(folder, "data", "postgres", "PG_VERSION"), "15\n");
    await expect(start()).rejects.toThrow(/made by Postgres 15, but the built-in server is Postgres \d+/);
  });

  test("does not replace a folder that holds something else", async () => {
    mkdirSync(join(folder, "data", "postgres"), { recursive: true });
    writeFileSync(join(folder, "data", "postgres", "thesis.txt"), "years of work");
    await expect(start()).rejects.toThrow();
    expect(readFileSync(join(folder, "data", "postgres", "thesis.txt"), "utf8")).toBe("years of work");
  });

  test("names the file when the password is lost", async () => {
    const postgres = await start();
    await postgres.stop();
    rmSync(join(folder, "data", "postgres.json"));
    await expect(start()).rejects.toThrow("postgres.json");
  });
});

describe("the binaries", () => {
  test("run from a folder only its owner can enter", async () => {
    cpSync(dirname(dirname(locatePostgresBinaries().postgres)), join(folder, "native"), { recursive: true, verbatimSymlinks: true });
    chmodSync(folder, 0o700);
    const user = await findServerUser(join(folder, "native", "bin", "postgres"));
    expect(user.version).toMatch(/^postgres \(PostgreSQL\) \d+/);
  });

  test("that cannot run at all say what to do", async () => {
    await expect(findServerUser(join(folder, "missing"))).rejects.toThrow(/(Install util-linux|Run "npm ci")[\s\S]*Tried:/);
  });

  test("get the links their package could not hold, once", () => {
    const native = join(folder, "package", "native");
    mkdirSync(join(native, "lib"), { recursive: true });
    writeFileSync(join(native, "lib", "libx.so.5.18"), "library");
    writeFileSync(
      join(native, "pg-symlinks.json"),
      JSON.stringify([{ source: "native/lib/libx.so.5.18", target: "native/lib/libx.so.5" }]),
    );
    hydrateSymlinks(native);
    hydrateSymlinks(native);
    expect(lstatSync(join(native, "lib", "libx.so.5")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(native, "lib", "libx.so.5"), "utf8")).toBe("library");
  });
});

function lockFile(): string {
  return join(folder, "data", "postgres", "postmaster.pid");
}

function postmasterPid(): number {
  return Number(readFileSync(lockFile(), "utf8").split("\n")[0]);
}
