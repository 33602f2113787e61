import type { DescMessage } from "@bufbuild/protobuf";
import type { Module } from "@plinth/module";
import { describeEvent } from "./describe-event.ts";

/** Built in: every module may publish it without a declaration. */
export const AUDIT_TOPIC = "platform.audit";
export const AUDIT_EVENT_TYPE = "platform.audit.recorded";

interface DeclaredType {
  readonly topic: string;
  readonly type: string;
  /** `spec.events.publishes[0].types[1]`. */
  readonly path: string;
}

/** The types that a module may publish. */
export function publishedTypes(module: Module): ReadonlySet<string> {
  return new Set([...declared(module, "publishes").map(({ type }) => type), AUDIT_EVENT_TYPE]);
}

/** The types that a module may receive. */
export function subscribedTypes(module: Module): ReadonlySet<string> {
  return new Set(declared(module, "subscribes").map(({ type }) => type));
}

/**
 * Compares the types in module.yaml with the events that the protos define. Answers what does not fit, one sentence
 * each; nothing where all is well.
 */
export function checkDeclaredEvents(module: Module, schemas: readonly DescMessage[]): string[] {
  const byType = new Map(schemas.map((schema) => [describeEvent(schema).type, describeEvent(schema)]));
  return [...declared(module, "publishes"), ...declared(module, "subscribes")].flatMap(({ topic, type, path }) => {
    const event = byType.get(type);
    if (event === undefined) {
      return [
        `${module.metadata.name}: ${path}: no proto defines the event ${type}. Give its message the option (plinth.options.v1.event).`,
      ];
    }
    if (event.topic !== topic) {
      return [`${module.metadata.name}: ${path}: ${type} travels on topic ${event.topic} by its proto, not on ${topic}.`];
    }
    return [];
  });
}

function declared(module: Module, list: "publishes" | "subscribes"): DeclaredType[] {
  return (module.spec.events?.[list] ?? []).flatMap(({ topic, types }, index) =>
    types.map((type, position) => ({ topic, type, path: `spec.events.${list}[${index}].types[${position}]` })),
  );
}
