import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { Client } from "pg";
import { type Account, anAccount, callApi } from "./accounts.ts";
import { type LocalPlatform, startLocalPlatform } from "./local-platform.ts";
import { isAlive, postmasterOf } from "./processes.ts";

/**
 * The platform, its database, or both are killed in the middle of work. What was acknowledged to a client must be there afterwards, what was
 * not may be asked for again, and in the end each post, its event and its audit entry are there once.
 */

const WRITERS = 4;
/** Posts that an author may write in a minute, by the route's limit. */
const MOST = 60;

let platform: LocalPlatform;
let authors: Account[];

beforeAll(async () => {
  // Limits are not what is tried here.
  const env = { GATEWAY_ADDRESS_LIMIT_REQUESTS: "100000", GATEWAY_USER_LIMIT_REQUESTS: "100000" };
  platform = await startLocalPlatform({ ports: "free", env });
  const admin = await anAccount(platform, "admin@example.com", { administrator: true });
  authors = await Promise.all(
    Array.from({ length: WRITERS }, async (_, index) => {
      const author = await anAccount(platform, `author-${index}@example.com`);
      const path = `/authz/users/${author.id}/roles`;
      const assigned = await callApi(platform, "POST", path, { body: { role: "blog-author" }, token: admin.token });
      expect(assigned.status).toBeLessThan(300);
      return author;
    }),
  );
}, 60_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
});

/** Posts that clients have asked for. */
class Orders {
  /** Title → id, as soon as the client has the answer. */
  readonly acknowledged = new Map<string, string>();
  readonly asked = new Set<string>();

  /** Asks for a post, and notes the answer. The title is the idempotency key too: a client that has no answer asks again. */
  async ask(author: Account, title: string): Promise<boolean> {
    this.asked.add(title);
    const headers = { "idempotency-key": title.replaceAll(" ", "-") };
    const asking = callApi(platform, "POST", "/blog/posts", { body: { title }, token: author.token, headers });
    const answer = await asking.catch(() => undefined);
    // It was done, and whoever did it died before it could say so.
    if (answer?.body?.error?.details.reason === "IDEMPOTENCY_ANSWER_LOST") return true;
    if (answer?.status !== 201) return false;
    this.acknowledged.set(title, answer.body.data.id);
    return true;
  }
}

/** All authors write one post after the other, until `enough` says so. Who is refused asks for the same post again. */
async function write(round: string, orders: Orders, enough: () => boolean): Promise<void> {
  await Promise.all(
    authors.map(async (author, index) => {
      for (let number = 0; number < MOST && !enough(); ) {
        if (await orders.ask(author, `${round} ${index}-${number}`)) number++;
        else await delay(20);
      }
    }),
  );
}

/** Who has no answer asks again, and what was asked for is there once, in posts, bus and audit trail; what had been acknowledged unchanged. */
async function expectEachOnce(orders: Orders): Promise<void> {
  // As if the time had passed that the dead had for their work.
  await sql("update blog.idempotency_keys set lease_until = now() where answer is null", []);
  for (const title of orders.asked) {
    const author = authors[Number(/(\d+)-/.exec(title)?.[1])] as Account;
    if (!orders.acknowledged.has(title)) await eventually(() => orders.ask(author, title));
  }
  const posts = await sql("select id, title from blog.posts where title = any($1) order by id", [[...orders.asked]]);
  expect(posts.map(({ title }) => title).sort()).toEqual([...orders.asked].sort());
  expect(Object.fromEntries(posts.map(({ title, id }) => [title, id]))).toMatchObject(Object.fromEntries(orders.acknowledged));
  const ids = posts.map(({ id }) => id as string);

  const audited =
    "select resource_id as id, count(*)::int as n from audit.entries where resource_id = any($1) and action = 'post.created' group by 1";
  const entries = await eventually(async () => {
    const found = await sql(audited, [ids]);
    return found.length === ids.length && found;
  });
  expect(entries.filter(({ n }) => n !== 1)).toEqual([]);
  const published = "select distinct event_id, envelope->>'key' as id from plinth_bus.log where envelope->>'type' = 'blog.post.created'";
  const events = await eventually(async () => {
    const found = (await sql(published, [])).filter(({ id }) => ids.includes(id as string));
    return found.length >= ids.length && found;
  });
  expect(events.map(({ id }) => id).sort()).toEqual(ids);
}

async function sql(text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: await platform.adminUrl() });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** Acknowledged by all authors together. */
const ENOUGH = 60;

test.each(["the platform", "the platform and its database"])("%s is killed in mid-work, and started again", async (what) => {
  const orders = new Orders();
  const killed = async () => {
    await eventually(() => orders.acknowledged.size >= ENOUGH);
    const postmaster = postmasterOf(platform.dataFolder);
    if (what.includes("database")) process.kill(postmaster, "SIGKILL");
    platform.process.kill("SIGKILL");
    await once(platform.process, "exit");
    expect(isAlive(platform.process.pid as number)).toBe(false);
  };
  const ended = () => platform.process.signalCode !== null;
  await Promise.all([write(what, orders, ended), killed()]);
  expect(orders.asked.size).toBeGreaterThan(orders.acknowledged.size);

  platform = await startLocalPlatform({ ports: "free", dataFolder: platform.dataFolder });
  await expectEachOnce(orders);
});

test("the database alone is killed in mid-work, and the platform recovers by itself", async () => {
  const orders = new Orders();
  let postmaster = 0;
  const again = async () => {
    await eventually(() => orders.acknowledged.size >= ENOUGH / 2);
    postmaster = postmasterOf(platform.dataFolder);
    process.kill(postmaster, "SIGKILL");
    const before = orders.acknowledged.size;
    await eventually(() => orders.acknowledged.size >= before + WRITERS * 2);
  };
  let done = false;
  const writing = write("the database", orders, () => done);
  await again().finally(() => {
    done = true;
  });
  await writing;
  expect(isAlive(postmaster)).toBe(false);
  expect(platform.process.exitCode).toBeNull();
  expect(platform.output()).toContain("Postgres ended unasked and is started again");
  await expectEachOnce(orders);
});
