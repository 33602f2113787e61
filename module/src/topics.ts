import { compareTexts } from "./candidates.ts";
import { parseDuration } from "./duration.ts";
import { AUDIT_EVENT_TYPE, AUDIT_TOPIC, DEFAULT_PARTITIONS, DEFAULT_RETENTION } from "./platform.ts";
import type { Module } from "./schema/module.ts";

/** In `publisher`: every module. */
export const ANY_PUBLISHER = "*";

/** A topic of the bus, with who writes and who reads it. */
export interface TopicEntry {
  topic: string;
  /** The module that publishes to it; `ANY_PUBLISHER` for the platform's own topic. */
  publisher: string;
  types: readonly string[];
  partitions: number;
  retentionMs: number;
  /** One group a subscribing module: each group receives every event of its types once. By module. */
  consumerGroups: readonly { module: string; types: readonly string[] }[];
}

/** The topics of a set of modules, by name, `platform.audit` always among them. A subscription to what nobody publishes is left out. */
export function topics(modules: Iterable<Module>): TopicEntry[] {
  const entries = new Map<string, TopicEntry & { consumerGroups: { module: string; types: readonly string[] }[] }>();
  const add = (
    topic: string,
    publisher: string,
    types: readonly string[],
    partitions: number | undefined,
    retention: string | undefined,
  ): void => {
    if (entries.has(topic)) return;
    entries.set(topic, {
      topic,
      publisher,
      types,
      partitions: partitions ?? DEFAULT_PARTITIONS,
      retentionMs: parseDuration(retention ?? DEFAULT_RETENTION),
      consumerGroups: [],
    });
  };
  add(AUDIT_TOPIC, ANY_PUBLISHER, [AUDIT_EVENT_TYPE], undefined, undefined);
  const byName = [...modules].sort((a, b) => compareTexts(a.metadata.name, b.metadata.name));
  for (const { metadata, spec } of byName) {
    for (const { topic, types, partitions, retention } of spec.events?.publishes ?? [])
      add(topic, metadata.name, types, partitions, retention);
  }
  for (const { metadata, spec } of byName) {
    for (const { topic, types } of spec.events?.subscribes ?? []) {
      entries.get(topic)?.consumerGroups.push({ module: metadata.name, types });
    }
  }
  return [...entries.values()].sort((a, b) => compareTexts(a.topic, b.topic));
}
