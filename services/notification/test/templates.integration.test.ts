import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Channel } from "@plinth/proto/notification/v1/notification_pb";
import { type NotificationHarness, startNotification } from "./notification-harness.ts";

let n: NotificationHarness;
beforeAll(async () => {
  n = await startNotification();
}, 60_000);
afterAll(() => n?.harness.stop());

const admin = (tenantId = "default") => n.as("user_admin", tenantId);
const content = (over: { subject?: string; text?: string; html?: string; locale?: string; channel?: Channel } = {}) => ({
  channel: Channel.EMAIL,
  locale: "en",
  subject: "Hello {{name}}",
  text: "Dear {{name}}",
  html: "<p>{{name}}</p>",
  ...over,
});

test("the built-in templates are there, in English and German", async () => {
  const { templates } = await admin().listTemplates({ pageSize: 100 });
  const orders = ["canceled", "created", "delivered", "paid", "refunded", "shipped"].map((what) => `order-${what}`);
  const accounts = ["password-changed", "reset-password", "session-reuse", "verify-email", "welcome"];
  const names = ["digest", "new-device", ...orders, ...accounts];
  expect(templates.map(({ name }) => name)).toEqual(names);
  for (const { contents, builtIn } of templates) {
    expect(builtIn).toBe(true);
    expect(contents.map(({ locale }) => locale)).toEqual(["de", "en"]);
  }
  const variables = {
    first_name: "Ada",
    link: "https://example.com/?token=x",
    time: "now",
    ip_address: "::1",
    user_agent: "x",
    reset: true,
    period: "May",
    items: [{ title: "A", link: "https://example.com/a", name: "Cup", quantity: "2" }],
    ...{ number: "7K3M9", name: "Ada", paid: "1 EUR", amount: "1 EUR", refunded: "1 EUR", total: "1 EUR", tax: "1 EUR", shipping: "1 EUR" },
    ...{ shipping_name: "Parcel", lines: [{ name: "Cup", quantity: "2", amount: "1 EUR" }], more: 0, address: ["Ada"] },
    ...{ carrier: "USPS", tracking_number: "1Z", tracking_url: "https://example.com/1Z", estimated_delivery: "2026-12-01" },
  };
  for (const name of names) {
    const { text, html } = await admin().previewTemplate({ name, locale: "de-AT", variables });
    expect(text + html).not.toMatch(/\{\{|undefined/);
    expect(html).toContain('<html lang="de">');
  }
});

test("a template is made, changed, previewed and deleted, with all its versions", async () => {
  const made = await admin().createTemplate({ name: "greeting", category: "news", contents: [content()] });
  expect(made).toMatchObject({ version: 1, builtIn: false });
  await expect(admin().createTemplate({ name: "greeting", category: "news", contents: [content()] })).rejects.toMatchObject({
    reason: "TEMPLATE_EXISTS",
  });
  await admin().updateTemplate({ name: "greeting", contents: [content({ text: "Ciao {{name}}" })], expectedVersion: 1 });
  const late = admin().updateTemplate({ name: "greeting", contents: [content()], expectedVersion: 1 });
  await expect(late).rejects.toMatchObject({ code: "CONFLICT", reason: "ABORTED" });

  const at = (version: number) => admin().previewTemplate({ name: "greeting", version, variables: { name: "<Ada>" } });
  expect(await at(0)).toMatchObject({ subject: "Hello <Ada>", text: "Ciao <Ada>", html: "<p>&lt;Ada&gt;</p>", locale: "en" });
  expect(await at(1)).toMatchObject({ text: "Dear <Ada>" });
  await expect(at(3)).rejects.toMatchObject({ reason: "TEMPLATE_NOT_FOUND" });
  const { versions } = await admin().listTemplateVersions({ name: "greeting" });
  expect(versions.map(({ version }) => version)).toEqual([2, 1]);

  await expect(admin("acme").getTemplate({ name: "greeting" })).rejects.toMatchObject({ reason: "TEMPLATE_NOT_FOUND" });
  await admin().deleteTemplate({ name: "greeting" });
  await expect(admin().getTemplate({ name: "greeting" })).rejects.toMatchObject({ reason: "TEMPLATE_NOT_FOUND" });
});

test("two who change a template at once make two versions", async () => {
  await admin().createTemplate({ name: "raced", category: "news", contents: [content()] });
  const made = await Promise.all([1, 2, 3].map(() => admin().updateTemplate({ name: "raced", contents: [content()] })));
  expect(made.map(({ version }) => version).sort()).toEqual([2, 3, 4]);
});

test("a tenant's template takes the place of a built-in one, in its category, until it is deleted", async () => {
  const { subject } = await admin("acme").previewTemplate({ name: "welcome", variables: { first_name: "Ada" } });
  expect(subject).toBe("Welcome");
  const own = { name: "welcome", contents: [content({ subject: "Ahoy", text: "x", html: "" })] };
  await expect(admin("acme").createTemplate({ ...own, category: "news" })).rejects.toMatchObject({
    fieldErrors: { category: expect.anything() },
  });
  await expect(admin("acme").updateTemplate(own)).rejects.toMatchObject({ reason: "TEMPLATE_BUILT_IN" });
  await expect(admin("acme").deleteTemplate({ name: "welcome" })).rejects.toMatchObject({ reason: "TEMPLATE_BUILT_IN" });
  await admin("acme").createTemplate({ ...own, category: "account" });
  expect((await admin("acme").previewTemplate({ name: "welcome" })).subject).toBe("Ahoy");
  expect((await admin().previewTemplate({ name: "welcome", variables: { first_name: "" } })).subject).toBe("Welcome");
  await admin("acme").deleteTemplate({ name: "welcome" });
  expect((await admin("acme").getTemplate({ name: "welcome" })).builtIn).toBe(true);
});

test.each([
  ["contents[0].text", content({ text: "{{#if x}}" })],
  ["contents[0].html", content({ html: "{{{x}}}" })],
  ["contents[0].subject", content({ subject: " " })],
  ["contents[0].html", content({ channel: Channel.IN_APP })],
])("a template that cannot work is refused at %s", async (field, wrong) => {
  const making = admin().createTemplate({ name: "wrong", category: "news", contents: [wrong] });
  await expect(making).rejects.toMatchObject({ code: "VALIDATION_ERROR", fieldErrors: { [field]: expect.anything() } });
});

test("lists leaf through own and built-in templates by name", async () => {
  const names: string[] = [];
  let pageToken = "";
  do {
    const page = await admin("leafing").listTemplates({ pageSize: 3, pageToken });
    names.push(...page.templates.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(names).toHaveLength(13);
  expect(names).toEqual([...names].sort());
});
