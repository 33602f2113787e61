import { expect, test } from "@jest/globals";
import { silentLogger } from "@plinth/kernel/logging";
import { type AttemptResult, type AttemptStore, afterFailure, Undelivered } from "../domain/attempt.ts";
import { newDelivery } from "../domain/delivery.ts";
import { deliverer } from "./deliver.ts";

const NOW = new Date("2026-05-01T12:00:00Z");
const RULES = { attempts: 5, initialMs: 1000, maxMs: 4000 };
const content = { subject: "x", text: "x", html: "", data: undefined };
const outgoing = newDelivery(
  {
    tenantId: "default",
    channel: "email",
    userId: "",
    destination: "a@example.com",
    template: "",
    templateVersion: 0,
    category: "news",
    subjectSource: undefined,
    content,
    dueAt: NOW,
  },
  NOW,
);

function attempted(attempts: number, error: unknown): AttemptResult {
  return afterFailure({ ...outgoing.delivery, attempts }, error, RULES, NOW);
}

test("the wait doubles up to its limit, and the last attempt ends it", () => {
  const waits = [1, 2, 3, 4].map((attempts) => {
    const result = attempted(attempts, new Error("away"));
    return result.status === "pending" ? result.nextAttemptAt.getTime() - NOW.getTime() : undefined;
  });
  expect(waits).toEqual([1000, 2000, 4000, 4000]);
  expect(attempted(5, new Error("away"))).toEqual({ status: "failed", error: "away" });
  expect(attempted(1, new Undelivered("no such mailbox", { permanent: true }))).toEqual({ status: "failed", error: "no such mailbox" });
  expect(attempted(1, new Undelivered("busy", { retryAfterMs: 3000 }))).toMatchObject({ nextAttemptAt: new Date(NOW.getTime() + 3000) });
});

test("while another job is at it, nothing is sent, and somebody looks again", async () => {
  let sent = 0;
  const looks: Date[] = [];
  const results: AttemptResult[] = [];
  const answers = [outgoing, NOW, undefined];
  const attempts: AttemptStore = {
    begin: async () => answers.shift(),
    finish: async (_id, result) => void results.push(result),
    lookAgain: async (_id, at) => void looks.push(at),
  };
  const send = async () => `taken ${++sent}`;
  const job = deliverer(attempts, { email: send, webhook: send, "in-app": send }, () => RULES, silentLogger);
  const inHand = { signal: new AbortController().signal };
  for (let run = 0; run < 3; run++) await job({ id: outgoing.delivery.id }, inHand);
  expect(results).toMatchObject([{ status: "sent", providerId: "taken 1" }]);
  expect(looks).toEqual([NOW]);
});
