import { describe, expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { type LogFields, type Logger, silentLogger } from "@plinth/kernel/logging";
import { indexByOwnerUid, keyOf } from "./object-key.ts";
import { compareResourceVersions } from "./resource-version.ts";
import { type Change, createStore } from "./store.ts";

/** An object `default/<name>` of a version, with the uid `<name>-<uid>`. */
function anObject(name: string, resourceVersion: number, uid = 1): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "default", name, uid: `${name}-${uid}`, resourceVersion: `${resourceVersion}` },
  };
}

function aStore(first: { items: KubeObject[]; at: number } = { items: [], at: 10 }, logger: Logger = silentLogger) {
  const store = createStore<KubeObject, "owner">({ indexes: { owner: indexByOwnerUid }, logger });
  const source = store.openSource();
  const told: string[] = [];
  source.replace(first.items, `${first.at}`);
  store.onChange(({ type, object, previous, cause }: Change<KubeObject>) => {
    const was = previous === undefined ? "" : ` was ${previous.metadata.resourceVersion}`;
    told.push(`${cause} ${type} ${keyOf(object)}@${object.metadata.resourceVersion}${was}`);
  });
  return { store, source, told, versions: () => [...store.list()].map((object) => Number(object.metadata.resourceVersion)) };
}

test("resource versions are compared as numbers of any size", () => {
  const ordered = ["9", "10", "99", "18446744073709551614", "18446744073709551615"];
  expect([...ordered].reverse().sort(compareResourceVersions)).toEqual(ordered);
  expect(compareResourceVersions("10", "10")).toBe(0);
});

describe("a store", () => {
  test("is in step with its first list, and says so to who waits", async () => {
    const store = createStore({ logger: silentLogger });
    const one = store.openSource("one");
    const two = store.openSource("two");
    const causes: string[] = [];
    store.onChange(({ cause, type }) => causes.push(`${cause} ${type} ${store.size}`));
    const waiting = store.whenSynced();
    const stopped = AbortSignal.abort(new Error("stopped"));
    await expect(store.whenSynced(stopped)).rejects.toThrow("stopped");
    one.replace([anObject("a", 3), anObject("b", 4)], "9");
    expect(store.synced).toBe(false);
    two.replace([], "9");
    await waiting;
    expect(store.synced).toBe(true);
    expect(causes).toEqual(["list set 2", "list set 2"]);
    await store.whenSynced();
  });

  test("keeps frozen objects without managedFields", () => {
    const { store, source } = aStore();
    const given = anObject("a", 11);
    source.event("ADDED", {
      ...given,
      metadata: { ...given.metadata, managedFields: [{ manager: "x" }] } as KubeObject["metadata"],
      data: { list: [{ deep: 1 }] },
    });
    const kept = store.get("default", "a") as KubeObject;
    expect(kept).toEqual({ ...given, data: { list: [{ deep: 1 }] } });
    expect(() => Object.assign((kept.data as { list: object[] }).list[0] as object, { deep: 2 })).toThrow("read only");
  });

  test("shows an own write at once, says so once, and leaves the echo of the watch unsaid", () => {
    const { store, source, told, versions } = aStore({ items: [anObject("a", 5)], at: 10 });
    store.overlay(anObject("a", 12));
    expect(versions()).toEqual([12]);
    source.event("MODIFIED", anObject("a", 11));
    expect(versions()).toEqual([12]);
    source.event("MODIFIED", anObject("a", 12));
    source.event("MODIFIED", anObject("a", 14));
    store.overlay(anObject("a", 13));
    expect(versions()).toEqual([14]);
    expect(told).toEqual(["own set default/a@12 was 5", "watch set default/a@14 was 12"]);
  });

  test("an own write's answer that comes after the object was deleted brings nothing back", () => {
    const { store, source, versions } = aStore();
    source.event("ADDED", anObject("a", 11));
    source.event("DELETED", anObject("a", 13));
    store.overlay(anObject("a", 12));
    expect(versions()).toEqual([]);
  });

  test("an own delete counts at once, whatever the watch still tells of that object", () => {
    const { store, source, told, versions } = aStore({ items: [anObject("a", 5)], at: 10 });
    store.overlayDeleted("default", "a", "a-1");
    source.event("MODIFIED", anObject("a", 11));
    expect(versions()).toEqual([]);
    source.replace([anObject("a", 11)], "11");
    expect(versions()).toEqual([]);
    source.event("DELETED", anObject("a", 12));
    source.event("ADDED", anObject("a", 13, 2));
    expect(versions()).toEqual([13]);
    expect(told).toEqual(["own deleted default/a@5", "watch set default/a@13"]);
  });

  test("deleting an earlier object of that name deletes nothing", () => {
    const { store, versions } = aStore({ items: [anObject("a", 5, 2)], at: 10 });
    store.overlayDeleted("default", "a", "a-1");
    expect(versions()).toEqual([5]);
  });

  test("an own re-creation stays, when the watch tells of its predecessor's end", () => {
    const { store, source, told, versions } = aStore({ items: [anObject("a", 5)], at: 10 });
    store.overlayDeleted("default", "a", "a-1");
    store.overlay(anObject("a", 13, 2));
    source.event("MODIFIED", anObject("a", 11));
    source.event("DELETED", anObject("a", 12));
    expect(versions()).toEqual([13]);
    expect(told).toEqual(["own deleted default/a@5", "own set default/a@13"]);
  });

  test("of an object made and deleted twice by us, the watch brings nothing back", () => {
    const { store, source, versions } = aStore();
    store.overlay(anObject("a", 11));
    store.overlayDeleted("default", "a", "a-1");
    store.overlay(anObject("a", 13, 2));
    store.overlayDeleted("default", "a", "a-2");
    source.event("ADDED", anObject("a", 11));
    source.event("DELETED", anObject("a", 12));
    source.event("ADDED", anObject("a", 13, 2));
    expect(versions()).toEqual([]);
    source.event("DELETED", anObject("a", 14, 2));
    source.event("ADDED", anObject("a", 15, 3));
    expect(versions()).toEqual([15]);
  });

  test("what we made and deleted after a list was read stays away, though the list does not name it", () => {
    const { store, source, versions } = aStore();
    store.overlay(anObject("a", 12));
    store.overlayDeleted("default", "a", "a-1");
    source.replace([], "11");
    source.event("ADDED", anObject("a", 12));
    expect(versions()).toEqual([]);
  });

  test("one that finalizers hold is there until the watch says otherwise", () => {
    const object = anObject("a", 5);
    const { store, versions } = aStore({ items: [{ ...object, metadata: { ...object.metadata, finalizers: ["x/y"] } }], at: 10 });
    store.overlayDeleted("default", "a", "a-1");
    expect(versions()).toEqual([5]);
  });

  test("a re-creation that happened unseen is an end and a beginning", () => {
    const { source, told } = aStore({ items: [anObject("a", 5)], at: 10 });
    source.replace([anObject("a", 18, 2)], "20");
    expect(told).toEqual(["list deleted default/a@5", "list set default/a@18"]);
  });

  test("a list tells what went, and keeps what an own write made after it", () => {
    const { store, source, told, versions } = aStore({ items: [anObject("a", 5), anObject("b", 6)], at: 10 });
    store.overlay(anObject("c", 22));
    source.replace([anObject("b", 6)], "20");
    expect(versions()).toEqual([6, 22]);
    expect(told).toEqual(["own set default/c@22", "list deleted default/a@5"]);
  });

  test("what the watch passes in silence is not among what it follows", () => {
    const { store, source, versions } = aStore();
    store.overlay(anObject("a", 12));
    store.overlay(anObject("b", 15));
    source.bookmark("14");
    expect(versions()).toEqual([15]);
    source.event("ADDED", anObject("b", 15));
    source.bookmark("16");
    expect(versions()).toEqual([15]);
  });

  test("after the server's data were restored, what it says counts, though it is older", () => {
    const { store, source, versions } = aStore({ items: [anObject("a", 50), anObject("b", 60)], at: 100 });
    store.overlay(anObject("c", 110));
    source.replace([anObject("a", 40)], "70");
    expect(versions()).toEqual([40]);
    source.event("MODIFIED", anObject("a", 71));
    expect(versions()).toEqual([71]);
  });

  test("finds by an index, as objects come, change and go", () => {
    const { store, source } = aStore();
    const owned = (name: string, version: number, uid: string): KubeObject => {
      const object = anObject(name, version);
      const owner = { apiVersion: "plinth.dev/v1", kind: "Module", name: "m", uid, controller: true };
      return { ...object, metadata: { ...object.metadata, ownerReferences: [owner] } };
    };
    const names = (uid: string): string[] => store.byIndex("owner", uid).map(({ metadata }) => metadata.name);
    source.event("ADDED", owned("a", 11, "u1"));
    source.event("ADDED", owned("b", 12, "u1"));
    source.event("ADDED", anObject("c", 13));
    expect(names("u1")).toEqual(["a", "b"]);
    source.event("MODIFIED", owned("a", 14, "u2"));
    expect([names("u1"), names("u2")]).toEqual([["b"], ["a"]]);
    source.event("DELETED", owned("b", 15, "u1"));
    expect(names("u1")).toEqual([]);
    expect(() => store.byIndex("other" as "owner", "x")).toThrow("no index");
  });

  test("goes on when an index or a listener throws", () => {
    const lines: Array<[string, LogFields | undefined]> = [];
    const logger: Logger = { ...silentLogger, error: (message, fields) => void lines.push([message, fields]) };
    const store = createStore<KubeObject, "broken">({
      indexes: {
        broken() {
          throw new Error("index");
        },
      },
      logger,
    });
    store.onChange(() => {
      throw new Error("listener");
    });
    store.openSource().replace([anObject("a", 1)], "2");
    expect(store.size).toBe(1);
    expect(lines.map(([message]) => message)).toEqual(["an index failed", "a listener of a store failed"]);
  });
});
