import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { type KubeObject, resourcePath } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { KINDS } from "../kube/kinds.ts";
import { createWriter } from "../kube/writer.ts";
import { createRecorder } from "./recorder.ts";
import { runReflector } from "./reflector.ts";
import { type Change, createStore } from "./store.ts";

function aConfigMap(name: string, value: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "default", name, labels: { "app.kubernetes.io/managed-by": "plinth-operator" } },
    data: { value },
  };
}

describeCluster("a store behind a real API server", () => {
  let cluster: TestCluster;
  let stopping = new AbortController();
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster?.stop());
  afterEach(() => stopping.abort());

  function aStore() {
    stopping = new AbortController();
    const store = createStore<KubeObject>({ logger: silentLogger });
    const changes: Change<KubeObject>[] = [];
    const looks = new Set<() => void>();
    store.onChange((change) => {
      changes.push(change);
      for (const look of looks) look();
    });
    const ended = runReflector({
      client: cluster.client,
      resource: KINDS.ConfigMap,
      store,
      labelSelector: "app.kubernetes.io/managed-by=plinth-operator",
      logger: silentLogger,
      signal: stopping.signal,
    });
    function until(condition: () => boolean): Promise<void> {
      return new Promise((resolve) => {
        function look(): void {
          if (!condition()) return;
          looks.delete(look);
          resolve();
        }
        looks.add(look);
        look();
      });
    }
    return { store, changes, until, ended };
  }

  test("own writes are read at once and told once; the end and the next of that name are told apart", async () => {
    const { store, changes, until, ended } = aStore();
    await store.whenSynced();
    const writer = createWriter(cluster.client);
    const read = (): unknown => (store.get("default", "one")?.data as { value?: string } | undefined)?.value;
    for (let value = 0; value < 20; value++) {
      store.overlay(await writer.apply(aConfigMap("one", `${value}`)));
      expect(read()).toBe(`${value}`);
    }
    const { uid = "" } = store.get("default", "one")?.metadata ?? {};
    await writer.delete(aConfigMap("one", ""), { uid });
    store.overlayDeleted("default", "one", uid);
    expect(read()).toBeUndefined();
    store.overlay(await writer.apply(aConfigMap("one", "again")));
    expect(read()).toBe("again");
    // When the watch tells of this, it has told of all before.
    await writer.apply(aConfigMap("last", ""));
    await until(() => store.get("default", "last") !== undefined);
    expect(changes.map(({ type, object }) => `${type} ${object.metadata.name} ${(object.data as { value: string }).value}`)).toEqual([
      ...Array.from({ length: 20 }, (_, value) => `set one ${value}`),
      "deleted one 19",
      "set one again",
      "set last ",
    ]);
    expect(store.get("default", "one")?.metadata).not.toHaveProperty("managedFields");
    stopping.abort();
    await ended;
  });

  test("stays in step over a restart of the API server, and tells nothing that did not change", async () => {
    const writer = createWriter(cluster.client);
    for (let index = 0; index < 20; index++) await writer.apply(aConfigMap(`kept-${index}`, "1"));
    const { store, changes, until, ended } = aStore();
    await store.whenSynced();
    changes.length = 0;
    await cluster.restart();
    await writer.apply(aConfigMap("kept-3", "2"));
    await writer.delete(aConfigMap("kept-4", ""));
    await writer.apply(aConfigMap("after", ""));
    await until(() => store.get("default", "after") !== undefined);
    expect(changes.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(["set kept-3", "deleted kept-4", "set after"]);
    stopping.abort();
    await ended;
  });

  test("Events are written as the API server wants them, and a repeated one only counts", async () => {
    const regarding = await createWriter(cluster.client).apply(aConfigMap("regarded", ""));
    const recorder = createRecorder({
      client: cluster.client,
      controller: "plinth.dev/operator",
      instance: "operator-1",
      logger: silentLogger,
    });
    const happening = {
      type: "Warning",
      reason: "MigrationFailed",
      action: "Migrate",
      note: `${"ä".repeat(600)} `,
      related: regarding,
    } as const;
    recorder.record(regarding, happening);
    await recorder.flush();
    recorder.record(regarding, happening);
    await recorder.flush();
    recorder.record(regarding, happening);
    recorder.record(regarding, { type: "Normal", reason: "RolledOut", action: "RollOut", note: "Version 2 serves." });
    await recorder.flush();
    const { items } = await cluster.client.request<{ items: KubeObject[] }>({
      method: "GET",
      path: resourcePath(KINDS.Event, { namespace: "default" }),
    });
    const events = items.filter((event) => (event.regarding as { name: string }).name === "regarded");
    expect(
      events.map(({ reason, series, note }) => [
        reason,
        (series as { count: number } | undefined)?.count,
        Buffer.byteLength(note as string),
      ]),
    ).toEqual([
      ["MigrationFailed", 3, 1023],
      ["RolledOut", undefined, 17],
    ]);
    expect(events[0]).toMatchObject({
      type: "Warning",
      action: "Migrate",
      reportingController: "plinth.dev/operator",
      reportingInstance: "operator-1",
      regarding: { kind: "ConfigMap", name: "regarded", namespace: "default", uid: regarding.metadata.uid },
    });
  });
});
