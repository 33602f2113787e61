import { expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import fc from "fast-check";
import { type Change, createStore } from "./store.ts";

type Step =
  | { readonly do: "write" | "delete" | "others-write" | "others-delete"; readonly name: string }
  /** The answer of one of our requests arrives: they may overtake each other. */
  | { readonly do: "answer"; readonly which: number }
  | { readonly do: "deliver"; readonly events: number }
  | { readonly do: "relist" };

const aName = fc.constantFrom("a", "b", "c");
const aStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom("write" as const, "delete" as const, "others-write" as const, "others-delete" as const), name: aName }),
  fc.record({ do: fc.constant("answer" as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant("deliver" as const), events: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant("relist" as const) }),
);

interface Event {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

/** What an API server has and tells: objects with versions and uids, and everything that happened, in order. */
function anApiServer() {
  const objects = new Map<string, KubeObject>();
  const history: Event[] = [];
  let version = 98;
  let uids = 0;

  function stamped(name: string, uid: string): KubeObject {
    return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "default", name, uid, resourceVersion: `${++version}` } };
  }

  return {
    history,
    objects,
    get version() {
      return `${version}`;
    },
    write(name: string): KubeObject {
      const known = objects.get(name);
      const object = stamped(name, known?.metadata.uid ?? `uid-${++uids}`);
      objects.set(name, object);
      history.push({ type: known === undefined ? "ADDED" : "MODIFIED", object });
      return structuredClone(object);
    },
    delete(name: string): string | undefined {
      const uid = objects.get(name)?.metadata.uid;
      if (uid === undefined) return undefined;
      objects.delete(name);
      history.push({ type: "DELETED", object: stamped(name, uid) });
      return uid;
    },
  };
}

test("in whatever order watch, lists and answers come, the store never goes back, and ends as the API server", () => {
  fc.assert(
    fc.property(fc.array(aStep, { maxLength: 80, size: "max" }), (steps) => {
      const server = anApiServer();
      const store = createStore<KubeObject>({ logger: silentLogger });
      const source = store.openSource();
      const answers: Array<() => void> = [];
      let delivered = 0;
      /** The newest state of each name that the store was told of: a version, and whether it was the end of the object. */
      const newest = new Map<string, { version: number; gone: boolean }>();
      /** What listeners make of the changes: it must be the store's content at any time. */
      const mirror = new Map<string, KubeObject>();
      store.onChange(({ type, object, previous }: Change<KubeObject>) => {
        const { name, uid } = object.metadata;
        const known = mirror.get(name);
        if (type === "deleted") {
          expect(known).toBe(object);
          mirror.delete(name);
        } else {
          expect(known).toBe(previous);
          if (previous !== undefined) expect(uid).toBe(previous.metadata.uid);
          mirror.set(name, object);
        }
      });
      source.replace([], "98");

      function learn(name: string, version: number, gone: boolean): void {
        if (version >= (newest.get(name)?.version ?? 0)) newest.set(name, { version, gone });
      }
      function deliver(): void {
        const event = server.history[delivered];
        if (event === undefined) return;
        delivered++;
        learn(event.object.metadata.name, Number(event.object.metadata.resourceVersion), event.type === "DELETED");
        source.event(event.type, structuredClone(event.object));
      }

      /** A list that was made, of a moment that the watch has not come to, and has not arrived. */
      let list: { items: KubeObject[]; events: number; resourceVersion: string } | undefined;
      function bringList(): void {
        if (list === undefined) return;
        for (; delivered < list.events; delivered++) {
          const { type, object } = server.history[delivered] as Event;
          learn(object.metadata.name, Number(object.metadata.resourceVersion), type === "DELETED");
        }
        source.replace(list.items, list.resourceVersion);
        list = undefined;
      }

      for (const step of steps) {
        if (step.do === "others-write") server.write(step.name);
        else if (step.do === "others-delete") server.delete(step.name);
        else if (step.do === "write") {
          const answer = server.write(step.name);
          answers.push(() => {
            learn(step.name, Number(answer.metadata.resourceVersion), false);
            store.overlay(answer);
          });
        } else if (step.do === "delete") {
          const uid = server.delete(step.name);
          const version = Number(server.version);
          if (uid !== undefined)
            answers.push(() => {
              const shown = store.get("default", step.name)?.metadata.uid === uid;
              if (shown) learn(step.name, version, true);
              store.overlayDeleted("default", step.name, uid);
            });
        } else if (step.do === "answer") {
          answers.splice(step.which % Math.max(1, answers.length), 1)[0]?.();
        } else if (step.do === "relist") {
          list ??= { items: structuredClone([...server.objects.values()]), events: server.history.length, resourceVersion: server.version };
        } else if (step.do === "deliver" && list !== undefined) {
          bringList();
        } else if (step.do === "deliver") {
          for (let count = 0; count < step.events; count++) deliver();
        }
        for (const [name, { version, gone }] of newest) {
          const shown = store.get("default", name);
          expect([name, gone ? undefined : `${version}`]).toEqual([name, shown?.metadata.resourceVersion]);
        }
        expect(Object.fromEntries([...mirror])).toEqual(
          Object.fromEntries([...store.list()].map((object) => [object.metadata.name, object])),
        );
      }

      for (const answer of answers) answer();
      bringList();
      while (delivered < server.history.length) deliver();
      source.bookmark(server.version);
      const byName = (objects: Iterable<KubeObject>): KubeObject[] =>
        [...objects].sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
      expect(byName(store.list())).toEqual(byName(server.objects.values()));
    }),
    { numRuns: 400 },
  );
});
