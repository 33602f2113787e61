import type { DescMessage, Message } from "@bufbuild/protobuf";
import { PlinthError } from "../base/errors.ts";
import type { Envelope } from "./bus.ts";
import { describeEvent, type EventDescription } from "./describe-event.ts";
import { decodeEvent } from "./event-data.ts";

/** Handlers by event type. `H` is the handler's type with its message erased. */
export interface HandlerTable<H> {
  /** Throws where the type has a handler, or is not among `types`. */
  add(schema: DescMessage, handler: H): void;
  /** The topics of all handled types. */
  topics(): string[];
  /** The handler and the message, decoded and checked; an error where the data breaks the proto; undefined where nobody wants this type. */
  read(envelope: Envelope): Incoming<H> | undefined;
}

export type Incoming<H> =
  | { readonly envelope: Envelope; readonly handler: H; readonly message: Message; readonly invalid?: undefined }
  | { readonly envelope: Envelope; readonly handler: H; readonly message?: undefined; readonly invalid: PlinthError };

export function createHandlerTable<H>(module: string, types: ReadonlySet<string>): HandlerTable<H> {
  const entries = new Map<string, { readonly description: EventDescription; readonly handler: H }>();
  return {
    add(schema, handler) {
      const description = describeEvent(schema);
      if (!types.has(description.type)) {
        throw new Error(`The module ${module} does not declare to receive ${description.type}; add it to spec.events.subscribes.`);
      }
      if (entries.has(description.type))
        throw new Error(`The module ${module} has two handlers for ${description.type}; join them into one.`);
      entries.set(description.type, { description, handler });
    },
    topics: () => [...new Set([...entries.values()].map(({ description }) => description.topic))],
    read(envelope) {
      const entry = entries.get(envelope.type);
      if (entry === undefined) return undefined;
      const { handler } = entry;
      try {
        return { envelope, handler, message: decodeEvent(entry.description, envelope.data) };
      } catch (error) {
        return { envelope, handler, invalid: PlinthError.from(error) };
      }
    },
  };
}
