import { expect, test } from "@jest/globals";
import { createManualClock } from "@plinth/kernel/base";
import { createInboxStreams, IDLE_MS } from "./inbox-streams.ts";

const never = new AbortController().signal;

test("a stream hears of its own inbox alone, in order, and of nothing for long", async () => {
  const clock = createManualClock();
  const streams = createInboxStreams(clock);
  const stream = streams.open("default", "a", never);
  streams.changed("default", "b", "m0");
  streams.changed("acme", "a", "m0");
  streams.changed("default", "a", "m1");
  streams.changed("default", "a", "m2");
  expect(await stream.next()).toEqual({ kind: "changed", messageId: "m1" });
  expect(await stream.next()).toEqual({ kind: "changed", messageId: "m2" });
  const idle = stream.next();
  clock.advance(IDLE_MS);
  expect(await idle).toEqual({ kind: "idle" });
  const next = stream.next();
  streams.changed("default", "a", "m3");
  expect(await next).toEqual({ kind: "changed", messageId: "m3" });
  expect(clock.waiting).toBe(0);
});

test("a stream ends with its call, with the service, and when its reader is far behind", async () => {
  const streams = createInboxStreams(createManualClock());
  const leave = new AbortController();
  const left = streams.open("default", "a", leave.signal);
  const slow = streams.open("default", "b", never);
  const stopped = streams.open("default", "c", never);
  const [leftNext, stoppedNext] = [left.next(), stopped.next()];
  leave.abort();
  expect(await leftNext).toBeUndefined();
  for (let index = 0; index < 1000; index++) streams.changed("default", "b", `m${index}`);
  let heard = 0;
  while ((await slow.next()) !== undefined) heard++;
  expect(heard).toBeLessThan(1000);
  streams.close();
  expect(await stoppedNext).toBeUndefined();
  expect(() => streams.open("default", "a", never)).toThrow(expect.objectContaining({ code: "SERVICE_UNAVAILABLE" }));
});

test("a user has only so many streams, and a closed one makes room", () => {
  const streams = createInboxStreams(createManualClock());
  const open = Array.from({ length: 20 }, () => streams.open("default", "a", never));
  expect(() => streams.open("default", "a", never)).toThrow(expect.objectContaining({ reason: "TOO_MANY_STREAMS" }));
  open[0]?.close();
  streams.open("default", "a", never);
});
