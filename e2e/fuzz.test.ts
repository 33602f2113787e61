import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { type Account, anAccount, callApi } from "./accounts.ts";
import { NASTY_TOKENS, type OpenApi, type Operation, operationsOf, requestsFor } from "./fuzz-requests.ts";
import { freshAddress, startHostilePlatform } from "./hostile-platform.ts";
import { faultsOf, SECRET_NUMBER, SECRET_TEXT, showsSecret } from "./leaks.ts";
import type { LocalPlatform } from "./local-platform.ts";
import { type RawAnswer, type RawRequest, send } from "./raw-http.ts";

/** The same requests in every run. */
const SEED = 20_260_701;
const REQUESTS_PER_OPERATION = 16;
const AT_ONCE = 6;

let platform: LocalPlatform;
let gateway: string;
let administrator: Account;
let postId: string;

beforeAll(async () => {
  platform = await startHostilePlatform();
  gateway = await platform.url("gateway");
  administrator = await anAccount(platform, "ada@example.com", { administrator: true });
  const post = await callApi(platform, "POST", "/blog/posts", { body: { title: "A target" }, token: administrator.token });
  postId = post.body.data.id;
  await callApi(platform, "POST", `/blog/posts/${postId}:publish`, { body: {}, token: administrator.token });
}, 90_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
});

/** Runs `work` for each item, a few at a time. */
async function forEachOf<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const rest = [...items.entries()];
  const run = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));
}

function shown({ method, path, headers, body }: RawRequest): string {
  return `${method} ${path.slice(0, 200)} ${JSON.stringify(headers)?.slice(0, 300)} ${Buffer.from(body ?? [])
    .toString()
    .slice(0, 300)}`;
}

async function sendAs(authorization: string | undefined, request: RawRequest): Promise<RawAnswer> {
  const own = [
    ["x-forwarded-for", freshAddress()] as const,
    ...(authorization === undefined ? [] : [["authorization", authorization] as const]),
  ];
  return send(gateway, { ...request, headers: [...own, ...(request.headers ?? [])] });
}

test("every operation answers bad input with 4xx in the envelope, and tells nothing of the inside", async () => {
  const document = (await (await fetch(`${gateway}/openapi.json`)).json()) as OpenApi;
  const operations = operationsOf(document);
  expect(operations.length).toBeGreaterThan(40);
  const faults: string[] = [];

  async function attack(operation: Operation, index: number): Promise<void> {
    // Of each operation's own: some end the sessions of whoever calls them, and limits count by user.
    const headers = { "x-forwarded-for": freshAddress() };
    const user = await anAccount(platform, `user${index}@example.com`, { headers });
    const admin = await anAccount(platform, `admin${index}@example.com`, { headers });
    const assigned = await callApi(platform, "POST", `/authz/users/${admin.id}/roles`, {
      body: { role: "platform-admin" },
      token: administrator.token,
    });
    if (assigned.status !== 200) throw new Error(JSON.stringify(assigned.body));

    const statuses = new Map<number, number>();
    const requests = requestsFor(document, operation, [user.id, postId], REQUESTS_PER_OPERATION, SEED + index);
    for (const [number, request] of requests.entries()) {
      const tokens = [
        undefined,
        `Bearer ${user.token}`,
        `Bearer ${admin.token}`,
        ...(number < NASTY_TOKENS.length ? [NASTY_TOKENS[number]] : []),
      ];
      for (const token of tokens) {
        try {
          const answer = await sendAs(token, request);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          for (const fault of faultsOf(answer)) {
            faults.push(`${operation.operationId}: ${fault}\n  ${shown(request)}\n  ${answer.status} ${answer.body.slice(0, 400)}`);
          }
        } catch (error) {
          faults.push(`${operation.operationId}: ${(error as Error).message}\n  ${shown(request)}`);
        }
      }
    }
    const total = [...statuses.values()].reduce((sum, count) => sum + count, 0);
    const limited = statuses.get(429) ?? 0;
    if (limited > total * 0.75) faults.push(`${operation.operationId}: ${limited} of ${total} answers were 429, which hides the rest`);
  }

  await forEachOf(operations, attack);
  expect(faults.slice(0, 20).join("\n\n")).toBe("");
  expect((await fetch(`${gateway}/ready`)).status).toBe(200);
}, 120_000);

test("nothing of the passwords and tokens sent is in the log or in a table", async () => {
  expect(showsSecret(platform.output())).toBe(false);
  const client = new pg.Client(await platform.adminUrl());
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
  );
  const found: string[] = [];
  for (const { name } of rows) {
    const { rowCount } = await client.query(`select 1 from ${name} t where t::text ~ $1 limit 1`, [`${SECRET_TEXT}|${SECRET_NUMBER}`]);
    if (rowCount !== 0) found.push(name);
  }
  await client.end();
  expect(found).toEqual([]);
});
