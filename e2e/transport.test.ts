import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, anAccount, callApi, PASSWORD } from "./accounts.ts";
import { freshAddress, startHostilePlatform } from "./hostile-platform.ts";
import type { LocalPlatform } from "./local-platform.ts";
import { grpcFrame, openGrpc } from "./raw-grpc.ts";
import { exchange, type RawAnswer } from "./raw-http.ts";

/** Clients that misuse connections. After each of them the next good request is answered. */
let platform: LocalPlatform;
let gateway: string;
let ada: Account;

beforeAll(async () => {
  platform = await startHostilePlatform();
  gateway = await platform.url("gateway");
  ada = await anAccount(platform, "ada@example.com", { administrator: true });
}, 90_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
});

afterEach(async () => {
  // More than one: what was smuggled in would be the answer of whoever comes next on a shared connection.
  const answers = await Promise.all(Array.from({ length: 8 }, () => callApi(platform, "GET", "/users/me", { token: ada.token })));
  expect(answers.map(({ status, body }) => `${status} ${body.data?.id}`)).toEqual(answers.map(() => `200 ${ada.id}`));
  expect(platform.process.exitCode).toBeNull();
  expect(platform.output()).not.toMatch(/uncaught|unhandled/i);
});

const SMUGGLED = "GET /api/v1/users HTTP/1.1\r\nhost: plinth.test\r\nx-smuggled: yes\r\n\r\n";
const raw = (text: string, limitMs?: number) => exchange(gateway, Buffer.from(text, "latin1"), limitMs);
const head = (line: string, ...headers: string[]) => `${[line, "host: plinth.test", ...headers].join("\r\n")}\r\n\r\n`;
const LOGIN = "POST /api/v1/auth/login HTTP/1.1";
const POSTS = "GET /api/v1/blog/posts HTTP/1.1";

/** How many answers came on the connection. */
const answersIn = ({ text }: RawAnswer) => text.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0;

describe("one request or two", () => {
  const json = '{"email":"a@example.com","password":"x"}';
  test.each<[string, string]>([
    [
      "length and chunks, chunks shorter",
      `${head(LOGIN, `content-length: ${5 + SMUGGLED.length}`, "transfer-encoding: chunked")}0\r\n\r\n${SMUGGLED}`,
    ],
    [
      "chunks and length, length shorter",
      `${head(LOGIN, "transfer-encoding: chunked", "content-length: 4")}5c\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    ],
    ["two lengths", head(LOGIN, `content-length: ${json.length}`, `content-length: ${json.length + SMUGGLED.length}`) + json + SMUGGLED],
    ["a list of lengths", head(LOGIN, `content-length: ${json.length}, ${json.length}`) + json + SMUGGLED],
    ["a signed length", head(LOGIN, `content-length: +${json.length}`) + json + SMUGGLED],
    ["a hexadecimal length", head(LOGIN, "content-length: 0x10") + json + SMUGGLED],
    ["a negative length", head(LOGIN, "content-length: -1") + SMUGGLED],
    ["a length beyond all numbers", head(LOGIN, `content-length: ${"9".repeat(40)}`) + SMUGGLED],
    ["an unknown encoding", `${head(LOGIN, "transfer-encoding: xchunked")}0\r\n\r\n${SMUGGLED}`],
    ["chunked twice", `${head(LOGIN, "transfer-encoding: chunked", "transfer-encoding: identity")}0\r\n\r\n${SMUGGLED}`],
    ["chunked that is not last", `${head(LOGIN, "transfer-encoding: chunked, gzip")}0\r\n\r\n${SMUGGLED}`],
    ["a tab before chunked", `${head(LOGIN, "transfer-encoding:\x0bchunked")}0\r\n\r\n${SMUGGLED}`],
    ["a blank before the colon", `${head(LOGIN, "content-length: 0", "transfer-encoding : chunked")}0\r\n\r\n${SMUGGLED}`],
    ["a folded header", `${head(LOGIN, "x: y\r\n transfer-encoding: chunked")}0\r\n\r\n${SMUGGLED}`],
    ["lines that end with a line feed alone", `${LOGIN}\nhost: plinth.test\ncontent-length: 0\n\n${SMUGGLED}`],
    ["a chunk size too large", `${head(LOGIN, "transfer-encoding: chunked")}ffffffffffffffffff\r\n${SMUGGLED}`],
    ["a chunk size that is none", `${head(LOGIN, "transfer-encoding: chunked")}0x5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`],
    ["a chunk longer than it says", `${head(LOGIN, "transfer-encoding: chunked")}1\r\nab\r\n0\r\n\r\n${SMUGGLED}`],
    ["a zero byte in a header", head(LOGIN, "x: a\0b", "content-length: 0") + SMUGGLED],
    ["a bare carriage return in a header", head(LOGIN, "x: a\rtransfer-encoding: chunked", "content-length: 0") + SMUGGLED],
    ["two hosts", head(LOGIN, "host: other", "content-length: 0") + SMUGGLED],
    ["no host", `${LOGIN}\r\ncontent-length: 0\r\n\r\n${SMUGGLED}`],
    ["no version", `POST /api/v1/auth/login\r\n\r\n${SMUGGLED}`],
    ["another version", `POST /api/v1/auth/login HTTP/1.9\r\nhost: a\r\n\r\n${SMUGGLED}`],
    ["HTTP/1.0 with chunks", `POST /api/v1/auth/login HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ["a preface that turns into HTTP/1", `PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n${SMUGGLED}`],
  ])("%s: one answer at most, a refusal, and the connection ends", async (_name, bytes) => {
    const answer = await raw(bytes, 12_000);
    expect(answersIn(answer)).toBeLessThanOrEqual(1);
    expect([0, 400, 405, 501, 505]).toContain(answer.status);
  });

  test("requests in one go are answered in their order", async () => {
    const answer = await raw(head(POSTS) + head("GET /api/v1/nothing HTTP/1.1") + head(POSTS, "connection: close"));
    expect(answer.text.match(/HTTP\/1\.1 (\d{3})/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 404", "HTTP/1.1 200"]);
  });

  test("a body of GET is not taken for a request", async () => {
    const answer = await raw(head(POSTS, `content-length: ${SMUGGLED.length}`, "connection: close") + SMUGGLED);
    expect(answersIn(answer)).toBe(1);
  });
});

const PATHS = [
  "*",
  "//",
  "/api//v1/users",
  "/api/v1/blog/posts/../../users",
  "/api/v1/blog/posts/%2e%2e/%2e%2e/users",
  "/api/v1/blog/posts/..%2f..%2fusers",
  "/api/v1/blog/posts/..;/users",
  "/api/v1/blog/posts/%00",
  "/api/v1/blog/posts/%c0%ae%c0%ae",
  "/api/v1/blog/posts/\\..\\users",
  "http://127.0.0.1:5432/",
  "http://plinth.test/api/v1/users",
  "@127.0.0.1/",
  "/plinth.identity.v1.IdentityService/VerifyPassword",
  "/plinth.authz.v1.AuthzService/ClaimBootstrap",
  "/grpc.reflection.v1.ServerReflection/../x",
  `/${"a/".repeat(4000)}`,
  `/api/v1/blog/posts/${"%41".repeat(2000)}`,
  `/api/v1/blog/posts?${"a=b&".repeat(1500)}`,
  "/api/v1/blog/posts?page_token=%0d%0aset-cookie:%20a=b",
  "/__proto__/constructor",
  "/.env",
  "/metrics/../api",
];

test.each(PATHS.map((path) => [path.slice(0, 60), path]))("the path %s is refused, and leads nowhere else", async (_short, path) => {
  const { status, text } = await raw(head(`GET ${path} HTTP/1.1`, "connection: close"));
  expect({ status, refused: status >= 400 && status < 500 }).toMatchObject({ refused: true });
  expect(text).not.toMatch(/set-cookie/i);
});

describe("bodies and headers larger than allowed", () => {
  test("a body that announces too much is refused before it comes", async () => {
    const answer = await raw(head(LOGIN, "content-type: application/json", "content-length: 100000000"));
    expect(answer.status).toBe(413);
  });

  test("a body without end is refused where the limit is, and the connection with it", async () => {
    const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(0x10000, 0x20), Buffer.from("\r\n")]);
    let sent = 0;
    const answer = await exchange(gateway, (socket) => {
      socket.write(head(LOGIN, "content-type: application/json", "transfer-encoding: chunked"));
      const pump = () => {
        while (!socket.destroyed && sent < 200 * 1024 * 1024) {
          sent += chunk.length;
          if (!socket.write(chunk)) return;
        }
      };
      socket.on("drain", pump);
      pump();
    });
    expect([0, 413]).toContain(answer.status);
    expect(sent).toBeLessThan(20 * 1024 * 1024);
  });

  test("a body that is refused is read to its end, so that the next request on the connection is answered", async () => {
    const body = Buffer.alloc(100_000, 0x20).toString();
    const answer = await raw(
      head(LOGIN, "content-type: application/json", `content-length: ${body.length}`) + body + head(POSTS, "connection: close"),
    );
    expect(answer.text.match(/HTTP\/1\.1 (\d{3})/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
  });

  test.each<[string, string[]]>([
    ["one of 20 KB", [`x: ${"a".repeat(20_000)}`]],
    ["many of 1 KB", Array.from({ length: 30 }, (_, index) => `x-${index}: ${"a".repeat(1000)}`)],
    ["ten thousand small ones", Array.from({ length: 10_000 }, (_, index) => `x-${index}: a`)],
    ["a name of 20 KB", [`${"x".repeat(20_000)}: a`]],
    ["one of 2 MB", [`cookie: ${"a=b; ".repeat(400_000)}`]],
  ])("headers, %s: 431", async (_name, headers) => {
    const answer = await raw(head(POSTS, "connection: close", ...headers));
    // Who is still writing when the answer comes may lose it.
    expect([0, 431]).toContain(answer.status);
  });

  test("headers up to the limit reach the module", async () => {
    const answer = await raw(head(POSTS, "connection: close", `x-large: ${"a".repeat(14_000)}`));
    expect(answer.status).toBe(200);
  });
});

describe("clients that would make a module look broken", () => {
  const VALIDATE = "/plinth.auth.v1.AuthService/ValidateToken";
  const LOGIN_RPC = "/plinth.auth.v1.AuthService/Login";
  const signIn = () =>
    callApi(platform, "POST", "/auth/login", {
      body: { email: ada.email, password: PASSWORD },
      headers: { "x-forwarded-for": freshAddress() },
    });
  /** More than any breaker tolerates. */
  const OFTEN = 60;

  async function oftenAtOnce(work: (index: number) => Promise<unknown>): Promise<void> {
    for (let batch = 0; batch < OFTEN / 10; batch++) await Promise.all(Array.from({ length: 10 }, (_, index) => work(index)));
  }

  test("by deadlines that nobody meets", async () => {
    await oftenAtOnce(async (index) => {
      const headers = {
        "content-type": "application/json",
        "connect-timeout-ms": String(1 + index * 4),
        "x-forwarded-for": freshAddress(),
      };
      const body = JSON.stringify({ email: `nobody${index}@example.com`, password: "x" });
      await (await fetch(gateway + LOGIN_RPC, { method: "POST", headers, body })).text();
    });
    expect((await signIn()).status).toBe(200);
    const channel = openGrpc(gateway);
    await oftenAtOnce((index) =>
      channel.call(VALIDATE, grpcFrame(Buffer.from([0x0a, 1, 0x78])), { "grpc-timeout": `${1 + index * 100}u` }),
    );
    expect((await channel.call(VALIDATE, grpcFrame(Buffer.from([0x0a, 1, 0x78])))).status).toBe(16);
    channel.close();
  });

  test("by frames and messages that are none", async () => {
    const frames = [
      Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]),
      Buffer.from([0xff, 0, 0, 0, 0]),
      Buffer.from([1, 0, 0, 0, 1, 1]),
      Buffer.from([0, 0, 0]),
    ];
    await oftenAtOnce(async (index) => {
      const channel = openGrpc(gateway);
      await channel.call(VALIDATE, frames[index % frames.length] ?? Buffer.alloc(0));
      channel.close();
    });
    const channel = openGrpc(gateway);
    expect((await channel.call(VALIDATE, grpcFrame(Buffer.from([0x0a, 1, 0x78])))).status).toBe(16);
    channel.close();
  });

  test("by breaking off in the middle", async () => {
    await oftenAtOnce(async (index) => {
      const socket = await opened();
      const half = `${head("POST /api/v1/auth/validate HTTP/1.1", "content-type: application/json", "transfer-encoding: chunked")}5\r\n{"tok`;
      socket.write(
        index % 2 === 0 ? half : head("POST /api/v1/auth/login HTTP/1.1", "content-type: application/json", "content-length: 90"),
      );
      await new Promise((resolve) => setImmediate(resolve));
      socket.resetAndDestroy();
    });
    expect((await signIn()).status).toBe(200);
  });
});

/** Writes a byte now and then until the connection is closed. */
async function drip(first: string, byte: string): Promise<{ status: number; ms: number }> {
  let timer: NodeJS.Timeout | undefined;
  const answer = await exchange(
    gateway,
    (socket) => {
      socket.write(first);
      timer = setInterval(() => {
        if (socket.writable) socket.write(byte);
      }, 300);
    },
    25_000,
  ).finally(() => clearInterval(timer));
  return { status: answer.status, ms: answer.ms };
}

describe("clients that take their time", () => {
  test("a hundred of each kind hold nobody up, and are let go", async () => {
    const kinds: Record<string, () => Promise<{ status: number; ms: number }>> = {
      silent: async () => ({ ...(await exchange(gateway, () => {}, 25_000)) }),
      "dripping its head": () => drip(`${POSTS}\r\nhost: plinth.test\r\nx: `, "a"),
      "dripping a preface": () => drip("PRI * HT", ""),
      "dripping its body": () =>
        drip(head("POST /api/v1/auth/validate HTTP/1.1", "content-type: application/json", "content-length: 1000"), "a"),
      "dripping chunks": () =>
        drip(head("POST /api/v1/auth/validate HTTP/1.1", "content-type: application/json", "transfer-encoding: chunked"), "1\r\na\r\n"),
      "not reading": () =>
        exchange(
          gateway,
          (socket) => {
            socket.pause();
            socket.write(head("GET /openapi.json HTTP/1.1", "connection: close"));
            setTimeout(() => socket.resume(), 5000);
          },
          25_000,
        ),
    };
    const slow = Object.entries(kinds).flatMap(([kind, start]) => Array.from({ length: 100 }, async () => ({ kind, ...(await start()) })));
    const all = Promise.all(slow);
    // While they hold on.
    for (let request = 0; request < 20; request++) {
      expect((await callApi(platform, "GET", "/users/me", { token: ada.token })).status).toBe(200);
    }
    const ends = new Map<string, Set<number>>();
    const ended = await all;
    // Neither do they make the modules look broken that wait for their bodies.
    const validated = await callApi(platform, "POST", "/auth/validate", { body: { token: ada.token } });
    expect(validated.status).toBe(200);
    for (const { kind, status } of ended) ends.set(kind, (ends.get(kind) ?? new Set()).add(status));
    expect(Object.fromEntries([...ends].map(([kind, statuses]) => [kind, [...statuses]]))).toEqual({
      silent: [0],
      "dripping its head": [408],
      "dripping a preface": [0],
      "dripping its body": [408],
      "dripping chunks": [408],
      "not reading": [200],
    });
  }, 30_000);

  test("half-open connections are let go, with an answer or without", async () => {
    const halfClosed = await exchange(gateway, (socket) => socket.end(head(POSTS)));
    expect([0, 200]).toContain(halfClosed.status);
    for (const cut of [
      "",
      "GET /api",
      `${POSTS}\r\nhost: plinth.test\r\n`,
      `${head(LOGIN, "content-type: application/json", "content-length: 50")}{"email"`,
      `${head(LOGIN, "content-type: application/json", "transfer-encoding: chunked")}5\r\nab`,
      "PRI * HTTP/2.0\r\n\r\nSM",
    ]) {
      const { status } = await exchange(gateway, (socket) => socket.end(cut));
      expect({ cut, refused: status === 0 || status === 400 }).toEqual({ cut, refused: true });
    }
  });

  test("connections that are cut in the middle of anything", async () => {
    const cuts = [
      "",
      "G",
      head(POSTS),
      head(LOGIN, "content-length: 100", "content-type: application/json"),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const socket = await opened();
        socket.write(cuts[index % cuts.length] ?? "");
        await new Promise((resolve) => setImmediate(resolve));
        socket.resetAndDestroy();
      }),
    );
  });
});

async function opened(): Promise<Socket> {
  const { hostname, port } = new URL(gateway);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

describe("upgrades", () => {
  const websocket = [
    "connection: Upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  ];

  test.each([
    ["nowhere", "/api/v1/nothing", websocket],
    ["a route that knows none", "/api/v1/blog/posts", websocket],
    ["a page of the gateway", "/openapi.json", websocket],
    ["a route that needs a token", "/api/v1/users/me", websocket],
    ["the root", "/", websocket],
    [
      "HTTP/2 by upgrade",
      "/api/v1/blog/posts",
      ["connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAMAAABkAAQAoAAAAAIAAAAA"],
    ],
    ["another protocol", "/api/v1/blog/posts", ["connection: Upgrade", "upgrade: ../../etc/passwd"]],
  ])("to %s does not switch protocols", async (_name, path, headers) => {
    const answer = await raw(head(`GET ${path} HTTP/1.1`, ...headers) + SMUGGLED, 20_000);
    expect(answer.status).not.toBe(101);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text).not.toContain("x-smuggled");
  });

  test("CONNECT and TRACE are refused", async () => {
    for (const line of ["CONNECT 127.0.0.1:5432 HTTP/1.1", "TRACE / HTTP/1.1", "BREW /api/v1/blog/posts HTTP/1.1"]) {
      const answer = await raw(head(line, "connection: close"));
      expect({ line, refused: answer.status === 0 || (answer.status >= 400 && answer.status < 500) }).toEqual({ line, refused: true });
    }
  });
});

describe("HTTP/2", () => {
  function session(): ClientHttp2Session {
    const opened = connectHttp2(gateway);
    opened.on("error", () => {});
    return opened;
  }

  /** Status of one request; 0 where its stream was reset. */
  function get(on: ClientHttp2Session, path: string, headers: Record<string, string> = {}): Promise<number> {
    return new Promise((resolve) => {
      const stream = on.request({ ":path": path, ...headers });
      let status = 0;
      stream.on("response", (answer) => {
        status = Number(answer[":status"]);
      });
      stream.on("error", () => {});
      stream.on("close", () => resolve(status));
      stream.resume();
      stream.end();
    });
  }

  test("two thousand small streams at once are answered or refused one by one", async () => {
    const one = session();
    const statuses = await Promise.all(Array.from({ length: 2000 }, () => get(one, "/api/v1/blog/posts?page_size=1")));
    expect([...new Set(statuses)].every((status) => [200, 429, 0].includes(status))).toBe(true);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(200);
    one.destroy();
  });

  test("streams that are reset as soon as they are open", async () => {
    const one = session();
    await once(one, "connect");
    for (let batch = 0; batch < 20 && !one.destroyed; batch++) {
      for (let index = 0; index < 100 && !one.destroyed && !one.closed; index++) {
        const stream = one.request({ ":path": "/api/v1/blog/posts" });
        stream.on("error", () => {});
        stream.close(constants.NGHTTP2_CANCEL);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    one.destroy();
  });

  test("pings, settings and empty data frames without end", async () => {
    const one = session();
    await once(one, "connect");
    const stream = one.request({ ":method": "POST", ":path": "/api/v1/auth/login", "content-type": "application/json" });
    stream.on("error", () => {});
    for (let index = 0; index < 3000 && !one.destroyed; index++) {
      if (index % 3 === 0) one.ping(() => {});
      if (index % 100 === 0) one.settings({ initialWindowSize: 65_535 + index });
      if (!stream.destroyed) stream.write(Buffer.alloc(0));
    }
    await new Promise((resolve) => setImmediate(resolve));
    one.destroy();
  });

  test("more headers than allowed", async () => {
    for (const headers of [
      { "x-large": "a".repeat(40_000) },
      Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x-${index}`, "a"])),
      Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`x-${index}`, "a".repeat(1000)])),
    ]) {
      const one = session();
      const status = await get(one, "/api/v1/blog/posts", headers);
      expect({ status, refused: status === 0 || (status >= 400 && status < 500) }).toMatchObject({ refused: true });
      one.destroy();
    }
  });

  test("headers that HTTP/1.1 would take for more", async () => {
    const one = session();
    for (const headers of [{ "content-length": "5" }, { te: "chunked" }, { "x-a": "b\u00ff" }, { "content-length": "0" }]) {
      const status = await get(one, "/api/v1/blog/posts", headers as Record<string, string>).catch(() => 0);
      expect(status === 0 || status === 200 || (status >= 400 && status < 500)).toBe(true);
    }
    one.destroy();
  });

  test("a body that never ends, and one that is longer than it says", async () => {
    const one = session();
    const statusOf = (length: string, body: Buffer) =>
      new Promise<number>((resolve) => {
        const stream = one.request({
          ":method": "POST",
          ":path": "/api/v1/auth/login",
          "content-type": "application/json",
          "content-length": length,
        });
        let status = 0;
        stream.on("response", (answer) => {
          status = Number(answer[":status"]);
        });
        stream.on("error", () => {});
        stream.on("close", () => resolve(status));
        stream.resume();
        stream.end(body);
      });
    for (const [length, body] of [
      ["5", Buffer.alloc(50, 0x20)],
      ["50", Buffer.alloc(5, 0x20)],
      ["100000000", Buffer.alloc(100_000, 0x20)],
    ] as const) {
      const status = await statusOf(length, body);
      expect({ length, status, refused: status === 0 || (status >= 400 && status < 500) }).toMatchObject({ refused: true });
    }
    one.destroy();
  });

  test.each([
    ["a frame of an unknown kind and size", Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0])],
    ["data on a stream that is not open", Buffer.from([0, 0, 1, 0, 0, 0, 0, 0, 9, 1])],
    ["headers that do not decompress", Buffer.from([0, 0, 4, 1, 5, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff])],
    ["a window that overflows", Buffer.from([0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff])],
    ["a continuation of nothing", Buffer.from([0, 0, 0, 9, 4, 0, 0, 0, 1])],
    ["a push from a client", Buffer.from([0, 0, 4, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2])],
  ])("%s ends that connection alone", async (_name, frame) => {
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    const bytes = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings, frame]);
    await expect(exchange(gateway, bytes, 12_000)).resolves.toMatchObject({ status: 0 });
  });

  test("continuations without end are cut off", async () => {
    const answer = await exchange(
      gateway,
      (socket) => {
        socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
        // HEADERS without END_HEADERS, then CONTINUATIONs that each add a literal header.
        const literal = Buffer.concat([Buffer.from([0, 1, 0x78, 0x7f, 0x81, 0x06]), Buffer.alloc(1024, 0x61)]);
        const frame = (type: number) =>
          Buffer.concat([Buffer.from([0, literal.length >> 8, literal.length & 255, type, 0, 0, 0, 0, 1]), literal]);
        socket.write(frame(1));
        let sent = 0;
        const pump = () => {
          while (!socket.destroyed && sent++ < 20_000) if (!socket.write(frame(9))) return;
        };
        socket.on("drain", pump);
        pump();
      },
      12_000,
    );
    expect(answer.status).toBe(0);
  });
});
