import { spawn } from "node:child_process";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "@jest/globals";
import { ROOT } from "./local-platform.ts";

/** What npm thinks of the machine's own settings is no part of the story. */
export const STORY_ENVIRONMENT = { ...process.env, npm_config_loglevel: "error" };

const MARK = "@@@@";

/** Makes `folder` what a clone is to the story: it calls `npx plinth`, and `.plinth/` is the given data. */
export async function furnishStoryFolder(folder: string, dataFolder: string): Promise<void> {
  await symlink(dataFolder, join(folder, ".plinth"));
  for (const name of ["services", "simulators", "node_modules", "package.json"]) await symlink(join(ROOT, name), join(folder, name));
}

/** Runs the README's story exactly as it stands, in one shell, as a reader does in one terminal; answers by block what each line wrote. */
export async function runStory(folder: string): Promise<string[][]> {
  const blocks = await storyBlocks();
  // A marker after each command tells the answers apart.
  const script = blocks
    .map((block) =>
      block
        .trimEnd()
        .split("\n")
        .map((line) => `${line}\necho "${MARK}line"`)
        .join("\n"),
    )
    .join(`\necho "${MARK}block"\n`);
  const shell = spawn("bash", ["-c", `set -u\n${script}\necho "${MARK}block"`], {
    cwd: folder,
    env: STORY_ENVIRONMENT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, complaints] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
  expect(complaints).toBe("");
  return output.split(`${MARK}block\n`).map((block) => block.split(`${MARK}line\n`).map((line) => line.trim()));
}

/** The code blocks between the story's marks. */
async function storyBlocks(): Promise<string[]> {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const story = readme.slice(readme.indexOf("<!-- story:begin"), readme.indexOf("<!-- story:end"));
  return [...story.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block ?? "");
}

const parsed = (line: string | undefined) => JSON.parse(line ?? "");

/** Holds the answers against what the README tells. */
export function expectStory(blocks: string[][]): void {
  const [, registered, verified, signedIn, refreshed, written, published, audited, browsed, priced, filled, paid, sent, refunded] = blocks;
  expectAccounts([registered, verified, signedIn, refreshed, written, published, audited]);
  expectShop([browsed, priced, filled, paid, sent, refunded]);
}

type Block = string[] | undefined;

function expectAccounts([registered, verified, signedIn, refreshed, written, published, audited]: Block[]): void {
  expect(registered?.[3]).toMatch(/^Ada is user_\w{26}, Bob is user_\w{26}$/);
  const [, adaId, bobId] = /Ada is (\S+), Bob is (\S+)/.exec(registered?.[3] ?? "") ?? [];

  expect(parsed(verified?.[1])).toMatchObject({ success: true, data: { user_id: adaId } });

  const sessions = parsed(signedIn?.[4]);
  expect(sessions.data.sessions).toHaveLength(1);

  const theft = parsed(refreshed?.[1]);
  expect(theft).toMatchObject({ success: false, error: { code: "UNAUTHORIZED" } });
  const after = parsed(refreshed?.[2]);
  expect(after).toMatchObject({ success: false, error: { code: "UNAUTHORIZED" } });

  expect(parsed(written?.[0])).toMatchObject({ data: { title: "Notes on the Engine", status: "POST_STATUS_DRAFT", author_id: adaId } });
  expect(parsed(written?.[1])).toMatchObject({
    success: false,
    error: { code: "FORBIDDEN", details: { metadata: { permission: "blog.post.create" } } },
  });
  expect(parsed(written?.[2])).toMatchObject({ success: true });

  expect(parsed(published?.[0])).toMatchObject({ success: false, error: { code: "NOT_FOUND" } });
  expect(parsed(published?.[1])).toMatchObject({ data: { status: "POST_STATUS_PUBLISHED", author_id: bobId } });
  expect(parsed(published?.[2])).toMatchObject({ data: { title: "Can we fix it?" } });

  expect(audited?.[2]).toMatch(/intact/);
  const actions = parsed(audited?.[3]).data.entries.map((entry: { action: string }) => entry.action);
  expect(actions.toReversed()).toEqual(["user.created", "user.login", "post.created", "post.published"]);
}

/** Two teapots and a book, sent by express. Whatever the amounts of the demo are, they must add up. */
function expectShop([browsed, priced, filled, paid, sent, refunded]: Block[]): void {
  expect(parsed(browsed?.[0]).data.products).toHaveLength(3);

  const [inBerlin, inTokyo, inKuwait, stock] = (priced ?? []).map((line) => line && parsed(line).data);
  expect(inBerlin).toMatchObject({ sellable: true, quantity: "2", gross: { currency: "EUR" }, tax_rate: { rate: "0.19" } });
  expect(inBerlin.explanation.map(({ rule }: { rule: string }) => rule)).toContain("base price");
  expect(inTokyo).toMatchObject({ sellable: true, unit_price: { currency: "JPY" }, tax_rate: { rate: "0.10" } });
  expect(inKuwait).toMatchObject({ sellable: false, reason: "NOT_SELLABLE_REASON_NO_PRICE" });
  expect(stock).toMatchObject({ in_stock: true, reserved: "0" });

  const options = parsed(filled?.[5]).data.options;
  expect(options.map(({ code }: { code: string }) => code)).toEqual(["standard", "express"]);
  expect(parsed(filled?.[6]).data).toMatchObject({ shipping_option: { code: "express" }, status: "CART_STATUS_OPEN" });

  const checkout = parsed(paid?.[2]).data;
  const { order } = checkout;
  expect(checkout).toMatchObject({ status: "CHECKOUT_STATUS_PLACED", order: { payment_status: "PAYMENT_STATUS_PAID" } });
  const gross = order.lines.reduce((sum: bigint, line: { gross: { amount: string } }) => sum + BigInt(line.gross.amount), 0n);
  expect(BigInt(order.total.amount)).toBe(gross + BigInt(order.shipping.amount));
  expect(order.lines[0].gross).toEqual(inBerlin.gross);

  const steps = ["price", "reserve stock", "authorize payment", "place order", "capture payment", "commit stock"];
  for (const step of steps) expect(sent?.[1]).toMatch(new RegExp(`${step} +1 +done`));
  const kinds = parsed(sent?.[2]).data.movements.map(({ sku, kind }: { sku: string; kind: string }) => `${sku} ${kind}`);
  expect(kinds.sort()).toEqual(["BOO-002", "CER-004"].flatMap((sku) => [`${sku} MOVEMENT_KIND_COMMIT`, `${sku} MOVEMENT_KIND_RESERVE`]));
  expect(parsed(sent?.[5])).toMatchObject({ status: "delivered" });

  const half = String(BigInt(inBerlin.gross.amount) / 2n);
  expect(parsed(refunded?.[1]).data).toMatchObject({ amount: { amount: half, currency: "EUR" } });
  expect(parsed(refunded?.[3]).data.order).toMatchObject({
    ...{ id: order.id, status: "ORDER_STATUS_COMPLETED", fulfillment_status: "FULFILLMENT_STATUS_DELIVERED" },
    ...{ captured: order.total, refunded: { amount: half } },
  });
  const postings = parsed(refunded?.[5]).data.transactions.flatMap(
    ({ postings }: { postings: { account: string; amount: { amount: string } }[] }) => postings,
  );
  expect(balanceOf(postings)).toBe(0n);
  const ours = postings.filter(({ account }: { account: string }) => account === "charged");
  expect(balanceOf(ours)).toBe(BigInt(order.total.amount) - BigInt(half));
  expect(parsed(refunded?.[6]).mails).toHaveLength(1);
  const acts = parsed(refunded?.[8]).data.entries.map(({ action }: { action: string }) => action);
  expect(acts).toEqual(expect.arrayContaining(["order.placed", "order.refund_asked", "order.refunded"]));
  for (const type of ["order.created", "order.paid", "order.completed", "order.refunded", "shipment.delivered", "payment.captured"]) {
    expect(refunded?.[9]).toContain(type);
  }
}

function balanceOf(postings: readonly { amount: { amount: string } }[]): bigint {
  return postings.reduce((sum, { amount }) => sum + BigInt(amount.amount), 0n);
}
