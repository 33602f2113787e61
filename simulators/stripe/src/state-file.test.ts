import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Simulator, startSimulator } from "./server.ts";

let folder: string;
let stateFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stripe-state-"));
  stateFile = join(folder, "deep", "stripe.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

const start = () => startSimulator({ host: "127.0.0.1", port: 0, stateFile, log: () => {} });

async function call({ url }: Simulator, path: string, body?: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: "Bearer sk_test_state", "idempotency-key": "one", "content-type": "application/x-www-form-urlencoded" },
    ...(body === undefined ? {} : { body }),
  });
  return (await response.json()) as Record<string, unknown>;
}

test("with a state file it remembers payments and keys from one start to the next", async () => {
  const order = "amount=500&currency=eur&capture_method=manual&confirm=true&payment_method=pm_card_visa";
  const first = await start();
  const intent = await call(first, "/v1/payment_intents", order);
  expect(intent).toMatchObject({ status: "requires_capture", amount_capturable: 500 });
  await first.close();

  const second = await start();
  expect(await call(second, `/v1/payment_intents/${intent.id}`)).toMatchObject({ id: intent.id, amount_capturable: 500 });
  expect(await call(second, "/v1/payment_intents", order)).toMatchObject({ id: intent.id });
  expect(await call(second, "/simulator/state")).toMatchObject({ payment_intents: 1, held: 500 });
  await second.close();
});

test("a state file that is none is refused by name, and left alone", async () => {
  stateFile = join(folder, "stripe.json");
  writeFileSync(stateFile, "{");
  await expect(start()).rejects.toThrow(`${stateFile} is no state of the simulator; remove it to begin anew.`);
});
