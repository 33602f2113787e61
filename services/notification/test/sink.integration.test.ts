import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { silentLogger } from "@plinth/kernel/logging";
import { createTransport } from "nodemailer";
import { startSink } from "../src/sink/start-sink.ts";
import { type NotificationHarness, startNotification } from "./notification-harness.ts";

let n: NotificationHarness;
beforeAll(async () => {
  n = await startNotification({ NOTIFICATION_SINK_KEEP: "5" });
}, 60_000);
afterAll(() => n?.harness.stop());

const post = (to: string, subject = "Hi", html = "<p>Hi</p>") => {
  const transport = createTransport({ host: "127.0.0.1", port: n.smtpPort });
  return transport.sendMail({ from: "a@example.com", to, subject, text: "Grüße", html });
};

/** With headers that fetch does not let one set. */
function ask(method: string, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${n.sinkUrl}${path}`, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject).end();
  });
}

test("a waiting question is answered when the mail comes", async () => {
  const waiting = n.mailTo("Waiting@example.com", "SECOND");
  await post("waiting@example.com", "The first");
  await post("waiting@example.com", "The second");
  expect(await waiting).toMatchObject({ subject: "The second", text: "Grüße\n", from: "a@example.com" });
  expect((await n.mailsTo("waiting@example.com")).map(({ subject }) => subject)).toEqual(["The second", "The first"]);
  expect(await n.mailsTo("waiting")).toEqual([]);
});

test("one mail is shown as text, HTML without rights, and raw", async () => {
  await post("shown@example.com", "<b>", "<script>alert(1)</script>");
  const { id } = await n.mailTo("shown@example.com");
  expect(await (await fetch(`${n.sinkUrl}/api/mails/${id}`)).json()).toMatchObject({ id, subject: "<b>" });
  const html = await fetch(`${n.sinkUrl}/api/mails/${id}/html`);
  expect(html.headers.get("content-security-policy")).toMatch(/^sandbox .*default-src 'none'/);
  expect(html.headers.get("content-security-policy")).not.toContain("allow-scripts");
  expect((await fetch(`${n.sinkUrl}/api/mails/${id}/raw`)).headers.get("content-type")).toContain("text/plain");
  expect((await fetch(`${n.sinkUrl}/api/mails/mail_none`)).status).toBe(404);
  expect((await fetch(`${n.sinkUrl}/`)).status).toBe(200);
});

test("the oldest mails go", async () => {
  for (let index = 1; index <= 7; index++) await post("many@example.com", `No. ${index}`);
  const mails = (await (await fetch(`${n.sinkUrl}/api/mails`)).json()) as { mails: { subject: string }[] };
  expect(mails.mails.map(({ subject }) => subject)).toEqual(["No. 7", "No. 6", "No. 5", "No. 4", "No. 3"]);
});

test("neither a foreign name nor a foreign page gets in, and wrong questions are named", async () => {
  expect(await ask("GET", "/api/mails", { host: "evil.example:8025" })).toBe(421);
  expect(await ask("GET", "/api/mails", { host: "localhost:8025" })).toBe(200);
  expect(await ask("DELETE", "/api/mails", { origin: "https://evil.example" })).toBe(403);
  expect(await ask("DELETE", "/api/mails", { "sec-fetch-site": "cross-site" })).toBe(403);
  expect(await ask("GET", "/api/mails?wait=31", {})).toBe(400);
  expect(await ask("GET", "/api/mails?wait=x", {})).toBe(400);
  expect(await ask("POST", "/api/mails", {})).toBe(404);
  expect(await ask("DELETE", "/api/mails", {})).toBe(204);
  expect(await n.mailsTo("many@example.com")).toEqual([]);
});

test("a port that is taken is named with the key that chooses it", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const port = (other.address() as { port: number }).port;
  const never = () => Promise.reject(new Error("not asked"));
  const mails = { insert: never, list: never, find: never, findRaw: never, clear: never };
  const settings = { enabled: true, host: "127.0.0.1", smtpPort: 0, webPort: 0, keep: 1 };
  await expect(startSink({ ...settings, smtpPort: port }, mails, silentLogger)).rejects.toThrow(/in use.*sink\.smtpPort/);
  await expect(startSink({ ...settings, webPort: port }, mails, silentLogger)).rejects.toThrow(/in use.*sink\.webPort/);
  other.close();
});
