import { expect, test } from "@jest/globals";
import type { ConsulEntry, ConsulKv } from "./consul-kv.ts";
import { createConsulMirror, ownFlags } from "./consul-mirror.ts";

const { signal } = new AbortController();

/** A key-value store that notes what is asked of it, and fails when it is told to. */
function aStore(entries: readonly ConsulEntry[] = []): { kv: ConsulKv; asked: string[]; entries: Map<string, ConsulEntry>; fail(): void } {
  const kept = new Map(entries.map((entry) => [entry.key, entry]));
  const asked: string[] = [];
  let fails = false;
  async function note(text: string): Promise<void> {
    asked.push(text);
    if (fails) throw new Error("no leader");
  }
  return {
    asked,
    entries: kept,
    fail: () => (fails = !fails),
    kv: {
      async list(prefix) {
        await note(`list ${prefix}`);
        return [...kept.values()].filter(({ key }) => key.startsWith(prefix));
      },
      async put(entry) {
        await note(`put ${entry.key}`);
        kept.set(entry.key, entry);
      },
      async delete(key) {
        await note(`delete ${key}`);
        kept.delete(key);
      },
    },
  };
}

const READ = ["list service-permissions/", "list service-config/"];
const A = "service-config/a-service/config";
const B = "service-config/b-service/config";

test("writes what differs and reads no more than it has to", async () => {
  const { kv, asked } = aStore([{ key: A, value: "1", flags: ownFlags("shop/plinth") }]);
  const mirror = createConsulMirror(kv, "shop/plinth");
  await mirror.sync(new Map([[A, "1"]]), { reread: false, signal });
  expect(asked.splice(0)).toEqual(READ);
  await mirror.sync(new Map([[A, "1"]]), { reread: false, signal });
  expect(asked.splice(0)).toEqual([]);
  await mirror.sync(new Map([[A, "2"]]), { reread: false, signal });
  expect(asked.splice(0)).toEqual([`put ${A}`]);
  await mirror.sync(new Map([[B, "1"]]), { reread: false, signal });
  expect(asked.splice(0)).toEqual([`put ${B}`, `delete ${A}`]);
});

test("leaves alone what others keep there, another release among them", async () => {
  const others = [
    { key: "service-config/legacy-service/config", value: "{}", flags: 0 },
    { key: A, value: "1", flags: ownFlags("other/plinth") },
  ];
  const { kv, entries } = aStore(others);
  await createConsulMirror(kv, "shop/plinth").sync(new Map(), { reread: true, signal });
  expect([...entries.values()]).toEqual(others);
});

test("after a failure nothing is taken for known", async () => {
  const { kv, asked, entries, fail } = aStore();
  const mirror = createConsulMirror(kv, "shop/plinth");
  await mirror.sync(new Map([[A, "1"]]), { reread: false, signal });
  fail();
  await expect(mirror.sync(new Map([[B, "1"]]), { reread: false, signal })).rejects.toThrow("no leader");
  fail();
  asked.length = 0;
  await mirror.sync(new Map([[B, "1"]]), { reread: false, signal });
  expect(asked.slice(0, 2)).toEqual(READ);
  expect([...entries.keys()]).toEqual([B]);
});
