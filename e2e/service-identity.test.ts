import { generateKeyPairSync } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ListPostsRequestSchema } from "@plinth/proto/blog/v1/blog_pb";
import { VerifyPasswordRequestSchema } from "@plinth/proto/identity/v1/identity_pb";
import { type Account, anAccount, callApi } from "./accounts.ts";
import { type LocalPlatform, startLocalPlatform } from "./local-platform.ts";
import { grpcFrame, openGrpc } from "./raw-grpc.ts";
import { keyIdOf, serviceToken, signedWith, signedWithPublicKey, unsigned } from "./service-tokens.ts";

/** Calls that come to a module's own ports, past the gateway. */
let platform: LocalPlatform;
let ada: Account;

beforeAll(async () => {
  platform = await startLocalPlatform({ ports: "free" });
  ada = await anAccount(platform, "ada@example.com", { administrator: true });
}, 90_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
});

interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const LIST_POSTS = "plinth.blog.v1.BlogService/ListPosts";
const VERIFY_PASSWORD = "plinth.identity.v1.IdentityService/VerifyPassword";

/** How one call of the blog can come: what it needs, and how its refusal reads. */
const WAYS: Readonly<Record<string, (token: string | undefined) => Promise<Refusal>>> = {
  REST: async (token) => {
    const response = await fetch(`${await platform.url("blog")}/api/v1/blog/posts`, { headers: headersOf(token) });
    const body = (await response.json()) as { error?: { details: { reason: string; metadata: Record<string, string> } } };
    return { status: response.status, reason: body.error?.details.reason ?? "", metadata: body.error?.details.metadata ?? {} };
  },
  Connect: async (token) => {
    const response = await fetch(`${await platform.url("blog")}/${LIST_POSTS}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headersOf(token) },
      body: "{}",
    });
    return { status: response.status, ...factsIn(Buffer.from(detailOf(await response.text()), "base64").toString("latin1")) };
  },
  gRPC: (token) => callGrpc("blog", LIST_POSTS, toBinary(ListPostsRequestSchema, create(ListPostsRequestSchema)), token),
};

function headersOf(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { "x-service-token": token };
}

function detailOf(body: string): string {
  return (JSON.parse(body) as { details?: { value: string }[] }).details?.[0]?.value ?? "";
}

/** Reason and facts of a `google.rpc.ErrorInfo`, found by their bytes. */
function factsIn(bytes: string): Omit<Refusal, "status"> {
  const reason = /[A-Z]{3,}(_[A-Z]+)+/.exec(bytes)?.[0] ?? "";
  const metadata = Object.fromEntries(
    ["from", "to", "method"].flatMap((name) => {
      const found = new RegExp(`\\n.${name}\\x12.([\\w./-]+)`, "s").exec(bytes)?.[1];
      return found === undefined ? [] : [[name, found]];
    }),
  );
  return { reason, metadata };
}

const HTTP_OF: Readonly<Record<number, number>> = { 0: 200, 7: 403, 16: 401 };

async function callGrpc(module: string, key: string, message: Uint8Array, token: string | undefined): Promise<Refusal> {
  const channel = openGrpc(await platform.grpcAddress(module));
  const { status, text } = await channel.call(`/${key}`, grpcFrame(message), headersOf(token));
  channel.close();
  return { status: HTTP_OF[status ?? 2] ?? 500, ...factsIn(text) };
}

describe.each(Object.entries(WAYS))("a call by %s", (_name, call) => {
  test("with the gateway's token is answered", async () => {
    expect((await call(await serviceToken(platform, "gateway", "blog"))).status).toBe(200);
  });

  test("without a token is MISSING_TOKEN", async () => {
    expect(await call(undefined)).toMatchObject({ status: 401, reason: "MISSING_TOKEN" });
    expect(await call("")).toMatchObject({ status: 401, reason: "MISSING_TOKEN" });
  });

  const now = () => Math.floor(Date.now() / 1000);
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" }) as string;
  const FORGED: Readonly<Record<string, () => Promise<string>>> = {
    "no JWT": async () => "x",
    "a user's access token": async () => ada.token,
    "a key of the caller's own": async () => signedWith(other, await keyIdOf(platform, "gateway"), "gateway", "blog"),
    "a key id that is not known": async () => signedWith(other, "unknown", "gateway", "blog"),
    "a key id that is a path": async () => signedWith(other, "../../../../etc/passwd", "gateway", "blog"),
    "a key in its own header": async () =>
      signedWith(other, "x", "gateway", "blog", { header: { jku: "http://127.0.0.1:1/jwks", jwk: {} } }),
    "no signature (alg none)": async () =>
      `${unsigned(await keyIdOf(platform, "gateway"), "gateway", "blog", { header: { alg: "none" } })}.`,
    "RS256 and an empty signature": async () => `${unsigned(await keyIdOf(platform, "gateway"), "gateway", "blog")}.`,
    "HS256 with the public key": () => signedWithPublicKey(platform, "gateway", "blog"),
    "a time that is over": () => serviceToken(platform, "gateway", "blog", { claims: { iat: now() - 400, exp: now() - 160 } }),
    "a time that has not begun": () => serviceToken(platform, "gateway", "blog", { claims: { iat: now() + 200, exp: now() + 400 } }),
    "a nbf that has not begun": () => serviceToken(platform, "gateway", "blog", { claims: { nbf: now() + 200 } }),
    "a life longer than five minutes": () => serviceToken(platform, "gateway", "blog", { claims: { exp: now() + 3600 } }),
    "no time of expiry": () => serviceToken(platform, "gateway", "blog", { claims: { exp: undefined } }),
    "no time of issue": () => serviceToken(platform, "gateway", "blog", { claims: { iat: undefined } }),
    "another callee": () => serviceToken(platform, "gateway", "identity"),
    "no callee": () => serviceToken(platform, "gateway", "blog", { claims: { aud: undefined } }),
    "another issuer": () => serviceToken(platform, "gateway", "blog", { claims: { iss: "plinth" } }),
    "another module's name": () => serviceToken(platform, "audit", "blog", { claims: { sub: "gateway" } }),
    "no name": () => serviceToken(platform, "gateway", "blog", { claims: { sub: undefined } }),
    "a changed payload": async () => {
      const [head, , signature] = (await serviceToken(platform, "audit", "blog")).split(".");
      const [, payload] = (await serviceToken(platform, "gateway", "blog")).split(".");
      return `${head}.${payload}.${signature}`;
    },
  };

  test.each(Object.entries(FORGED))("with %s is INVALID_TOKEN", async (_what, token) => {
    expect(await call(await token())).toMatchObject({ status: 401, reason: "INVALID_TOKEN" });
  });

  test("of a module that does not declare it is PERMISSION_DENIED, and says who, whom and what", async () => {
    const { status, reason, metadata } = await call(await serviceToken(platform, "audit", "blog"));
    expect({ status, reason }).toEqual({ status: 403, reason: "PERMISSION_DENIED" });
    expect(metadata).toMatchObject({ from: "audit", to: "blog", method: LIST_POSTS });
  });
});

test("a module calls what it declares, and nothing beside it", async () => {
  const message = toBinary(VerifyPasswordRequestSchema, create(VerifyPasswordRequestSchema, { email: ada.email, password: "wrong" }));
  for (const module of ["blog", "gateway", "authz", "audit", "identity"]) {
    const answer = await callGrpc("identity", VERIFY_PASSWORD, message, await serviceToken(platform, module, "identity"));
    expect(answer).toMatchObject({
      status: 403,
      reason: "PERMISSION_DENIED",
      metadata: { from: module, to: "identity", method: VERIFY_PASSWORD },
    });
  }
  expect((await callGrpc("identity", VERIFY_PASSWORD, message, await serviceToken(platform, "auth", "identity"))).status).not.toBe(403);
});

test("every module's ports are closed to calls without a token, but for what watches over it", async () => {
  for (const module of ["auth", "authz", "blog", "identity", "audit", "notification"]) {
    const url = await platform.url(module);
    for (const open of ["/healthz", "/ready", "/health", "/metrics", "/openapi.json"]) {
      expect({ module, open, status: (await fetch(url + open)).status }).toEqual({ module, open, status: 200 });
    }
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> };
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) {
        const closed = await fetch(url + path.replaceAll(/\{\w+\}/g, "x"), {
          method: method.toUpperCase(),
          headers: { authorization: `Bearer ${ada.token}`, "content-type": "application/json" },
          ...(method === "get" || method === "delete" ? {} : { body: "{}" }),
        });
        expect({ module, method, path, status: closed.status }).toEqual({ module, method, path, status: 401 });
      }
    }
  }
});

describe("internal headers from a client have no effect at the gateway", () => {
  const AGENT = "an honest browser";

  test("neither address nor agent can be made up", async () => {
    const forged = {
      "user-agent": AGENT,
      "x-client-address": "6.6.6.6",
      "x-client-agent": "forged",
      "x-forwarded-for": "6.6.6.6",
      "x-real-ip": "6.6.6.6",
      forwarded: "for=6.6.6.6",
      "x-service-name": "auth",
    };
    const account = await anAccount(platform, "eve@example.com", { headers: forged });
    const { body } = await callApi(platform, "GET", "/auth/sessions", { token: account.token, headers: forged });
    expect(body.data.sessions).toMatchObject([{ ip_address: "127.0.0.1", user_agent: AGENT }]);
    expect(JSON.stringify(body)).not.toMatch(/6\.6\.6\.6|forged/);
  });

  test("the tenant of a token is not changed by a header", async () => {
    const me = await callApi(platform, "GET", "/users/me", { token: ada.token, headers: { "x-tenant-id": "acme" } });
    expect(me).toMatchObject({ status: 200, body: { data: { id: ada.id, tenant_id: "default" } } });
  });

  test("a service token does not open internal methods, nor stand for a user", async () => {
    const gateway = await platform.url("gateway");
    for (const callee of ["gateway", "identity"]) {
      const headers = { "x-service-token": await serviceToken(platform, "auth", callee), "x-service-name": "auth" };
      const internal = await fetch(`${gateway}/${VERIFY_PASSWORD}`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify({ email: ada.email, password: "x" }),
      });
      expect(internal.status).toBe(404);
      expect(await callApi(platform, "GET", "/users", { headers })).toMatchObject({ status: 401 });
    }
  });

  test("a deadline of the client's making does not end a call early", async () => {
    for (const ms of ["0", "1", "-5", "x"]) {
      const answer = await callApi(platform, "GET", "/users/me", { token: ada.token, headers: { "x-deadline-ms": ms } });
      expect(answer.status).toBe(200);
    }
  });
});
