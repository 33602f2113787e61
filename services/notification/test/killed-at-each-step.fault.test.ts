import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { ServiceProcess } from "@plinth/kernel/testing";
import { type KilledNotification, startKilledNotification } from "./killed-notification.ts";

/** The process is killed at each step from an order's event to the log of the mail; then another one takes over. */

let k: KilledNotification;
let victim: ServiceProcess;
beforeAll(async () => {
  k = await startKilledNotification();
  victim = await k.start();
}, 60_000);
afterAll(() => k?.stop(), 30_000);

interface Step {
  /** Comes to the step and stays there; answers what lets go. */
  readonly come: (email: string) => Promise<() => Promise<void>>;
  readonly arrivals: number;
  /** The dead has claimed an attempt: nobody else makes one before its time is over. */
  readonly isClaimed: boolean;
}

const lockRow = (email: string) => k.locked("select from notification.deliveries where destination = $1 for update", [email]);

/** Publishes, and answers when the mail is there and not yet taken. */
async function mailServerIsAtIt(email: string): Promise<() => void> {
  const taken = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  k.answerNext(() => {
    reached.resolve();
    return taken.promise;
  });
  await k.publish(email);
  await reached.promise;
  return taken.resolve;
}

async function lockedTable(table: string, email: string, statement: string): Promise<() => Promise<void>> {
  const unlock = await k.locked(`lock table ${table} in share row exclusive mode`);
  await k.publish(email);
  await k.waiting(statement);
  return unlock;
}

const STEPS: Record<string, Step> = {
  "while it stores the message": {
    ...{ arrivals: 1, isClaimed: false },
    come: (email) => lockedTable("notification.deliveries", email, "insert into deliveries"),
  },
  // By the same statement.
  "while it queues the job": {
    ...{ arrivals: 1, isClaimed: false },
    come: (email) => lockedTable("notification_jobs._private_jobs", email, "insert into deliveries"),
  },
  // The first attempt was refused.
  "while it claims the second attempt": {
    ...{ arrivals: 2, isClaimed: true },
    async come(email) {
      k.answerNext(() => Promise.reject(Object.assign(new Error("not now"), { responseCode: 451 })));
      await k.publish(email);
      await k.found("select from notification.deliveries where destination = $1 and attempts = 1 and claimed_until is null", [email]);
      const unlock = await lockRow(email);
      await k.waiting("set attempts = attempts \\+ 1");
      return unlock;
    },
  },
  // Whether the mail was taken nobody knows: it comes again, as the same.
  "while the mail server is at it": {
    ...{ arrivals: 2, isClaimed: true },
    async come(email) {
      const take = await mailServerIsAtIt(email);
      return async () => take();
    },
  },
  "while it notes the end": {
    ...{ arrivals: 1, isClaimed: false },
    async come(email) {
      const take = await mailServerIsAtIt(email);
      const unlock = await lockRow(email);
      take();
      await k.waiting("set status = \\$2");
      return unlock;
    },
  },
};

let made = 0;

test.each(Object.keys(STEPS))(
  "killed %s: the mail is not lost, and comes as often as it must",
  async (step) => {
    const { come, arrivals, isClaimed } = STEPS[step] as Step;
    const email = `guest${++made}@example.com`;
    k.arrived.length = 0;
    const letGo = await come(email);
    await victim.kill();
    await letGo();
    // What the dead had in hand is set free at the start of the next only where it has lain for a while.
    await k.sql("update notification_jobs._private_jobs set locked_at = locked_at - interval '1 hour' where locked_at is not null");
    victim = await k.start();
    if (isClaimed) {
      await k.found("select from notification_jobs._private_jobs where run_at > now() + interval '2 minutes'");
      expect(k.arrived).toHaveLength(1);
      await k.sql("update notification.deliveries set claimed_until = now() where destination = $1", [email]);
      await k.sql("update notification_jobs._private_jobs set run_at = now()");
    }

    await k.found("select from notification.deliveries where destination = $1 and status = 'sent'", [email]);
    await k.none(
      `select from notification_jobs._private_jobs as job join notification_jobs._private_tasks as task on task.id = job.task_id
       where task.identifier = 'deliver'`,
    );
    const log = await k.sql<{ id: string }>("select id from notification.deliveries where destination = $1", [email]);
    expect(log).toHaveLength(1);
    expect(k.arrived).toEqual(Array(arrivals).fill(`<${log[0]?.id}@plinth.local>`));
    expect(await k.sql("select key from notification.dedupe_keys where delivery_ids = array[$1]", [log[0]?.id])).toHaveLength(1);
  },
  60_000,
);
