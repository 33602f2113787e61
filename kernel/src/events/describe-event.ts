import type { DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import { getOption, hasOption } from "@bufbuild/protobuf";
import { event as eventOption } from "@plinth/proto/options/v1/options_pb";

/** A message that is an event, with what its option says. */
export interface EventDescription<M extends DescMessage = DescMessage> {
  readonly schema: M;
  /** `PostCreated`. */
  readonly name: string;
  /** `blog.post.created`. */
  readonly type: string;
  readonly topic: string;
  readonly version: string;
  /** The field whose value keys the event. */
  readonly keyField: DescField;
}

const known = new WeakMap<DescMessage, EventDescription>();

/** True for messages with the option `(plinth.options.v1.event)`. */
export function isEvent(schema: DescMessage): boolean {
  return hasOption(schema, eventOption);
}

/** What the proto says about an event; throws for a message that is none, or whose option is wrong. Read once per message. */
export function describeEvent<M extends DescMessage>(schema: M): EventDescription<M> {
  const cached = known.get(schema);
  if (cached !== undefined) return cached as EventDescription<M>;
  if (!isEvent(schema)) throw new Error(`${schema.typeName} is no event: give the message the option (plinth.options.v1.event).`);
  const { type, topic, version, key } = getOption(schema, eventOption);
  if (topic === "" || !type.startsWith(`${topic}.`) || !/^\d+\.\d+$/.test(version)) {
    throw new Error(`${schema.typeName}: its event option needs a topic, a type that begins with the topic, and a version such as "1.0".`);
  }
  const keyField = schema.fields.find((field) => field.name === key);
  if (keyField?.fieldKind !== "scalar") {
    throw new Error(`${schema.typeName}: the key of its event option, "${key}", must name a field of the message with a plain value.`);
  }
  const description = { schema, name: schema.name, type, topic, version, keyField };
  known.set(schema, description);
  return description;
}

/** The events among the messages of some proto files, by type. */
export function eventsOf(files: readonly DescFile[]): EventDescription[] {
  return files
    .flatMap((file) => file.messages.filter(isEvent))
    .map((schema) => describeEvent(schema))
    .sort((a, b) => (a.type < b.type ? -1 : 1));
}
