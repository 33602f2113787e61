import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { Channel } from "@plinth/proto/notification/v1/notification_pb";
import { type NotificationHarness, startNotification } from "./notification-harness.ts";

let n: NotificationHarness;
beforeAll(async () => {
  n = await startNotification();
}, 60_000);
afterAll(() => n?.harness.stop());

const tell = (userId: string, subject: string) =>
  n.platform.send({ channel: Channel.IN_APP, recipient: { userId }, subject, text: "x", category: "news", data: { n: 1 } });

test("messages lie in the user's own inbox until they are read", async () => {
  for (const subject of ["one", "two", "three"]) await tell("user_a", subject);
  const inbox = await eventually(
    () => n.as("user_a").listInbox({}),
    ({ unread }) => unread === 3,
  );
  expect(inbox.messages[0]).toMatchObject({ category: "news", data: { n: 1 } });
  expect((await n.as("user_b").listInbox({})).messages).toEqual([]);
  expect((await n.as("user_a", "acme").listInbox({})).messages).toEqual([]);
  const ids = [inbox.messages[0]?.id ?? ""];
  expect(await n.as("user_b").markRead({ ids })).toMatchObject({ unread: 0 });
  expect(await n.as("user_a").markRead({ ids })).toMatchObject({ unread: 2 });
  expect((await n.as("user_a").listInbox({ unreadOnly: true })).messages).toHaveLength(2);
  expect(await n.as("user_a").markRead({ all: true })).toMatchObject({ unread: 0 });
});

/** Server-sent events, as a browser gets them. */
async function stream(user?: string) {
  const url = `${n.harness.httpUrl("notification")}/api/v1/notification/inbox:stream`;
  const authorization = user === undefined ? {} : { authorization: `Bearer ${n.harness.userToken({ id: user })}` };
  const token = await n.harness.serviceToken("gateway", "notification");
  const leave = new AbortController();
  const answer = await fetch(url, {
    headers: { "x-service-token": token, accept: "text/event-stream", ...authorization },
    signal: leave.signal,
  });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let buffered = "";
  return {
    answer,
    async next() {
      while (!buffered.includes("\n\n")) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) return undefined;
        buffered += value;
      }
      const [event = "", ...rest] = buffered.split("\n\n");
      buffered = rest.join("\n\n");
      return JSON.parse(event.replace(/^data: /, ""));
    },
    leave: () => leave.abort(),
  };
}

test("a stream tells the unread, then what comes, and what is read elsewhere", async () => {
  await tell("user_c", "before");
  await eventually(
    () => n.as("user_c").listInbox({}),
    ({ unread }) => unread === 1,
  );
  const { answer, next, leave } = await stream("user_c");
  expect(answer.headers.get("content-type")).toContain("text/event-stream");
  expect(await next()).toMatchObject({ unread: 1 });
  await tell("user_d", "of somebody else");
  await tell("user_c", "news");
  expect(await next()).toMatchObject({ unread: 2, message: { subject: "news", data: { n: 1 } } });
  await n.as("user_c").markRead({ all: true });
  const read = await next();
  expect(read).toMatchObject({ unread: 0 });
  expect(read.message).toBeUndefined();
  leave();
});

test("nobody's inbox is nobody's to see", async () => {
  const { answer } = await stream();
  expect(answer.status).toBe(401);
});

test("a stop ends the streams instead of waiting for their readers", async () => {
  const { next } = await stream("user_f");
  expect(await next()).toMatchObject({ unread: 0 });
  const end = next();
  await n.harness.services.get("notification")?.stop();
  expect(await end).toBeUndefined();
});
