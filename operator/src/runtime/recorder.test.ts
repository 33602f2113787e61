import { expect, test } from "@jest/globals";
import { createManualClock } from "@plinth/kernel/base";
import { type KubeClient, KubeError, type KubeObject, type KubeRequest } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import type { Happening } from "./event-series.ts";
import { createRecorder } from "./recorder.ts";

const MODULE: KubeObject = { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { namespace: "shop", name: "blog", uid: "u1" } };
const FAILED: Happening = { type: "Warning", reason: "MigrationFailed", action: "Migrate", note: "no such table" };

/** What is written, as `POST` or `PATCH` and the count of the series. */
function aRecorder(fail: (request: KubeRequest) => void = () => undefined) {
  const clock = createManualClock();
  const written: string[] = [];
  const bodies: KubeObject[] = [];
  const client = {
    async request(request: KubeRequest) {
      fail(request);
      const body = request.body as KubeObject & { series?: { count: number } };
      bodies.push(body);
      written.push(`${request.method} ${body.series?.count ?? 1}`);
    },
  } as unknown as KubeClient;
  let random = 0;
  const options = {
    client,
    controller: "plinth.dev/operator",
    instance: "one",
    logger: silentLogger,
    clock,
    random: () => (random += 1e-6),
  };
  const recorder = createRecorder(options);
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { recorder, clock, written, bodies, settle };
}

test("what repeats is written at the second time, every five minutes, and when it ends", async () => {
  const { recorder, clock, written, settle } = aRecorder();
  recorder.record(MODULE, FAILED);
  await settle();
  for (let minute = 0; minute < 12; minute++) {
    clock.advance(60_000);
    recorder.record(MODULE, FAILED);
    await settle();
  }
  expect(written).toEqual(["POST 1", "PATCH 2", "PATCH 7", "PATCH 12"]);
  clock.advance(420_000);
  await settle();
  expect(written.slice(4)).toEqual(["PATCH 13"]);
  expect(clock.waiting).toBe(0);
  recorder.record(MODULE, FAILED);
  await settle();
  expect(written.slice(5)).toEqual(["POST 1"]);
});

test("another note, reason or object is another Event", async () => {
  const { recorder, bodies, settle } = aRecorder();
  recorder.record(MODULE, FAILED);
  recorder.record(MODULE, { ...FAILED, note: "no such column" });
  recorder.record(MODULE, { ...FAILED, reason: "MigrationTimedOut" });
  recorder.record({ ...MODULE, metadata: { name: "cluster-wide", uid: "u2" } }, FAILED);
  await settle();
  expect(new Set(bodies.map(({ metadata }) => metadata.name)).size).toBe(4);
  expect(bodies.map(({ metadata }) => metadata.namespace)).toEqual(["shop", "shop", "shop", "default"]);
});

test("one object cannot flood, and hinders no other", async () => {
  const { recorder, clock, written, settle } = aRecorder();
  for (let index = 0; index < 100; index++) recorder.record(MODULE, { ...FAILED, note: `row ${index}` });
  await settle();
  expect(written).toHaveLength(25);
  recorder.record({ ...MODULE, metadata: { ...MODULE.metadata, uid: "u2" } }, FAILED);
  await settle();
  expect(written).toHaveLength(26);
  clock.advance(300_000);
  recorder.record(MODULE, { ...FAILED, note: "one more" });
  recorder.record(MODULE, { ...FAILED, note: "and another" });
  await settle();
  expect(written).toHaveLength(27);
});

test("an Event that the API server forgot is made anew, and one that it refuses is left out", async () => {
  let answer: KubeError | undefined;
  const { recorder, written, bodies, settle } = aRecorder(({ method }) => {
    if (method === "PATCH" && answer !== undefined) throw answer;
    if (method === "POST" && answer?.status === 403) throw answer;
  });
  recorder.record(MODULE, FAILED);
  await settle();
  answer = new KubeError(404, "NotFound", "gone");
  recorder.record(MODULE, FAILED);
  await settle();
  expect(written).toEqual(["POST 1", "POST 2"]);
  expect(bodies[1]?.metadata.name).not.toBe(bodies[0]?.metadata.name);
  answer = new KubeError(403, "Forbidden", "the namespace ends");
  recorder.record(MODULE, { ...FAILED, note: "other" });
  await settle();
  answer = undefined;
  recorder.record(MODULE, { ...FAILED, note: "other" });
  await settle();
  expect(written).toEqual(["POST 1", "POST 2", "POST 1"]);
});
