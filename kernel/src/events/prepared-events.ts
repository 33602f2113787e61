import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { AuditRecordedSchema } from "@plinth/proto/audit/v1/events_pb";
import type { AuditEntry } from "./audit-entry.ts";
import type { Envelope } from "./bus.ts";
import { hashKey } from "./key-hash.ts";

/**
 * Events for one statement, which publishes them itself: it is a transaction of its own then, where publishing before the commit takes begin and commit as
 * well. The statement calls
 *
 *     publish_prepared($1::jsonb, jsonb_build_object('moved', jsonb_build_object('onHand', …), …)) as published
 *
 * for the events that come true, and adds to their data what only it knows, as proto3 JSON: what is added is not checked against the proto. The call takes the
 * locks of the keys, so it must be the last that the statement does: in its select list, with an argument or a FROM that hangs on whatever takes locks.
 */
export interface PreparedEvents {
  /** By a name that the statement knows it by. What the statement adds may be left out, or stand for itself where the proto requires something. */
  add<M extends DescMessage>(name: string, schema: M, event: MessageInitShape<M>): void;
  audit(name: string, entry: AuditEntry): void;
  /** What `publish_prepared` is given first. */
  toParameter(): string;
  /** And second, where all events come true as they are. */
  toAll(): string;
  /** Takes note of what `publish_prepared` has answered. */
  published(names: readonly string[]): void;
}

interface Relayed {
  /** Whether the relay must be told. */
  mustWake(): boolean;
  woken(): void;
  counted(type: string): void;
}

export function preparedEvents(
  lockClass: number,
  envelopeOf: <M extends DescMessage>(schema: M, event: MessageInitShape<M>) => Envelope,
  auditOf: (entry: AuditEntry) => MessageInitShape<typeof AuditRecordedSchema>,
  { mustWake, woken, counted }: Relayed,
): PreparedEvents {
  const envelopes = new Map<string, Envelope>();
  const wake = mustWake();
  const add: PreparedEvents["add"] = (name, schema, event) => {
    if (envelopes.has(name)) throw new Error(`Two events of one statement are named ${name}; give each a name of its own.`);
    envelopes.set(name, envelopeOf(schema, event));
  };
  return {
    add,
    audit: (name, entry) => add(name, AuditRecordedSchema, auditOf(entry)),
    toAll: () => JSON.stringify(Object.fromEntries(Array.from(envelopes.keys(), (name) => [name, {}]))),
    toParameter() {
      const events = Array.from(envelopes, ([name, envelope]) => ({
        ...{ name, topic: envelope.topic, key_hash: hashKey(envelope.key), envelope },
      }));
      return JSON.stringify({ lock_class: lockClass, wake, events });
    },
    published(names) {
      if (wake && names.length > 0) woken();
      for (const name of names) counted(envelopes.get(name)?.type ?? "");
    },
  };
}
