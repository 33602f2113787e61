import { expect, test } from "@jest/globals";
import { anyText } from "@plinth/kernel/arbitraries";
import fc from "fast-check";
import { canonicalEntry } from "./canonical-entry.ts";
import { type Entry, storable } from "./entry.ts";

const anEntry = (entry: Partial<Entry> = {}): Entry => ({
  id: "aud_1",
  tenantId: "default",
  userId: "user_1",
  action: "post.updated",
  resource: "post",
  resourceId: "post_1",
  outcome: "success",
  ipAddress: "192.0.2.1",
  userAgent: 'a "quoted" agent\n',
  metadata: {},
  occurredAt: "2026-01-02T03:04:05.000006Z",
  recordedAt: "2026-01-02T03:04:06.000000Z",
  requestId: "r",
  traceId: "t",
  module: "blog",
  sequence: undefined,
  ...entry,
});

test("the bytes of an entry never change: trees rest on them", () => {
  expect(canonicalEntry(anEntry({ metadata: { b: "é", a: "\u20ac", 10: "ten", 9: "nine" } }), 7).toString()).toBe(
    '{"action":"post.updated","id":"aud_1","ip_address":"192.0.2.1","metadata":{"10":"ten","9":"nine","a":"€","b":"é"},"module":"blog",' +
      '"occurred_at":"2026-01-02T03:04:05.000006Z","outcome":"success","recorded_at":"2026-01-02T03:04:06.000000Z","request_id":"r",' +
      '"resource":"post","resource_id":"post_1","sequence":7,"tenant_id":"default","trace_id":"t",' +
      '"user_agent":"a \\"quoted\\" agent\\n","user_id":"user_1"}',
  );
});

test("two entries that differ in anything have other bytes, in whatever order their metadata came", () => {
  const text = anyText({ maxLength: 8 });
  const entry = fc.record({
    userId: text,
    resource: text,
    resourceId: text,
    userAgent: text,
    metadata: fc.dictionary(text, text, { maxKeys: 4 }),
  });
  fc.assert(
    fc.property(entry, entry, fc.nat(3), fc.nat(3), (one, two, first, second) => {
      const same = canonicalEntry(anEntry(one), first).equals(canonicalEntry(anEntry(two), second));
      const fields = (from: typeof one) => [
        from.userId,
        from.resource,
        from.resourceId,
        from.userAgent,
        Object.entries(from.metadata).sort(),
      ];
      expect(same).toBe(JSON.stringify([fields(one), first]) === JSON.stringify([fields(two), second]));
      const turned = { ...one, metadata: Object.fromEntries(Object.entries(one.metadata).reverse()) };
      expect(canonicalEntry(anEntry(turned), first)).toEqual(canonicalEntry(anEntry(one), first));
      expect(JSON.parse(canonicalEntry(anEntry(one), first).toString())).toMatchObject({ user_id: one.userId, resource: one.resource });
    }),
  );
});

test("what a database cannot hold is replaced, and nothing else", () => {
  expect(storable("a\0b\ud800c\u{1F600}")).toBe("a\uFFFDb\uFFFDc\u{1F600}");
});
