import type { KubeObject } from "@plinth/kernel/kube";
import { microTime } from "../kube/lease.ts";

/** What happened to an object, for people to read. */
export interface Happening {
  readonly type: "Normal" | "Warning";
  /** Why, as a constant in UpperCamelCase. */
  readonly reason: string;
  /** What was done, as a constant in UpperCamelCase. */
  readonly action: string;
  /** Cut after 1,024 bytes. */
  readonly note: string;
  /** Another object that had to do with it. */
  readonly related?: KubeObject;
}

/** One happening, and how often it was repeated. */
export interface Series {
  /** As `identityOf` makes it; so is `related` of the happening. */
  readonly regarding: KubeObject;
  readonly happening: Happening;
  readonly namespace: string;
  /** Of the Event; another one when the API server has forgotten the first. */
  name: string;
  /** Epoch milliseconds. */
  readonly firstAt: number;
  lastAt: number;
  count: number;
}

const NOTE_BYTES = 1024;
const NAME_LENGTH = 253;

/** The same happening to the same object: only the count of its Event grows. */
export function seriesKey(regarding: KubeObject, { type, reason, action, note, related }: Happening): string {
  return JSON.stringify([regarding.kind, regarding.metadata.uid, type, reason, action, note, related?.metadata.uid]);
}

/** A name that no other Event has. */
export function eventName({ metadata }: KubeObject, epochMs: number, random: () => number): string {
  const suffix = `.${epochMs.toString(16)}${Math.floor(random() * 0x1000000)
    .toString(16)
    .padStart(6, "0")}`;
  return metadata.name.slice(0, NAME_LENGTH - suffix.length) + suffix;
}

/** The Event as it is created. */
export function buildEvent(series: Series, controller: string, instance: string): KubeObject {
  const { regarding, happening, namespace, name } = series;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { namespace, name },
    eventTime: microTime(series.firstAt),
    reportingController: controller,
    reportingInstance: instance.slice(0, 128),
    type: happening.type,
    reason: happening.reason,
    action: happening.action,
    note: cutToBytes(happening.note, NOTE_BYTES),
    regarding: referenceTo(regarding),
    ...(happening.related !== undefined && { related: referenceTo(happening.related) }),
    ...seriesPart(series),
  };
}

/** What alone may change of an Event. A series begins with the second time. */
export function seriesPart({ count, lastAt }: Series): { series?: { count: number; lastObservedTime: string } } {
  return count < 2 ? {} : { series: { count, lastObservedTime: microTime(lastAt) } };
}

function referenceTo({ apiVersion, kind, metadata }: KubeObject): Record<string, unknown> {
  return { apiVersion, kind, ...metadata };
}

/** An object's identity alone: a series outlives the state it began with, and must not keep it in memory. */
export function identityOf({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      ...(namespace !== undefined && { namespace }),
      name,
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
  };
}

/** Never in the midst of a character. */
function cutToBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes - 3;
  while (((encoded[end] as number) & 0xc0) === 0x80) end--;
  return `${encoded.toString("utf8", 0, end)}…`;
}
