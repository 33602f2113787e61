import { expect, test } from "@jest/globals";
import type { CaughtMail, SinkMailStore } from "./caught-mail.ts";
import { createMailApi } from "./mail-api.ts";
import { createMailBell } from "./mail-bell.ts";

const mail: CaughtMail = { id: "1", receivedAt: new Date(0), from: "a@x", to: ["b@x"], subject: "Hello", text: "", html: "" };

/** The mails of one database, which all replicas see. */
function aStore() {
  const mails: CaughtMail[] = [];
  let looks = 0;
  const store: Pick<SinkMailStore, "list"> = {
    async list() {
      looks++;
      return [...mails];
    },
  };
  return { mails, store: store as SinkMailStore, looks: () => looks };
}

test("whoever waits sees a mail that another replica caught", async () => {
  const { mails, store, looks } = aStore();
  const waiting = createMailApi(store, createMailBell()).list(new URLSearchParams({ wait: "5" }), new AbortController().signal);
  while (looks() === 0) await new Promise(setImmediate);
  mails.push(mail);
  expect(await waiting).toEqual([mail]);
});

test("whoever waits is answered when the sink closes", async () => {
  const { store, looks } = aStore();
  const bell = createMailBell();
  const waiting = createMailApi(store, bell).list(new URLSearchParams({ wait: "30" }), new AbortController().signal);
  while (looks() === 0) await new Promise(setImmediate);
  bell.close();
  expect(await waiting).toEqual([]);
});
