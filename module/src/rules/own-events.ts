import type { FieldPath } from "../field-path.ts";
import type { Report } from "../finding.ts";
import { AUDIT_EVENT_TYPE, AUDIT_MODULE, AUDIT_TOPIC } from "../platform.ts";
import type { Reason } from "../problem.ts";
import type { Module } from "../schema/module.ts";

/** Event types begin with their topic, and the audit topic is left to the platform. */
export function checkOwnEvents(module: Module, report: Report): void {
  const { publishes = [], subscribes = [] } = module.spec.events ?? {};
  const checkTypes = (reason: Reason, path: FieldPath, topic: string, types: readonly string[]): void => {
    for (const [index, type] of types.entries()) {
      if (type.startsWith(`${topic}.`)) continue;
      const mend = `write ${topic}.${type.slice(type.lastIndexOf(".") + 1)}, or move it to its own topic`;
      report({
        reason,
        path: [...path, "types", index],
        value: type,
        message: `the event type does not begin with its topic ${topic}`,
        mend,
      });
    }
  };
  for (const [index, publication] of publishes.entries()) {
    const path = ["spec", "events", "publishes", index];
    checkTypes("TopicConflict", path, publication.topic, publication.types);
    if (publication.topic !== AUDIT_TOPIC) continue;
    const message = `${AUDIT_TOPIC} is built in: every module publishes to it`;
    report({ reason: "TopicConflict", path: [...path, "topic"], value: publication.topic, message, mend: "take the entry away" });
  }
  for (const [index, subscription] of subscribes.entries()) {
    const path = ["spec", "events", "subscribes", index];
    checkTypes("SubscriptionUnknown", path, subscription.topic, subscription.types);
    if (subscription.topic !== AUDIT_TOPIC) continue;
    if (module.metadata.name !== AUDIT_MODULE) {
      const message = `only the module ${AUDIT_MODULE} reads ${AUDIT_TOPIC}`;
      report({ reason: "SubscriptionUnknown", path: [...path, "topic"], value: subscription.topic, message, mend: "take the entry away" });
    }
    for (const [position, type] of subscription.types.entries()) {
      if (type === AUDIT_EVENT_TYPE || !type.startsWith(`${AUDIT_TOPIC}.`)) continue;
      const message = `${AUDIT_TOPIC} has no such event type`;
      report({
        reason: "SubscriptionUnknown",
        path: [...path, "types", position],
        value: type,
        message,
        mend: `write ${AUDIT_EVENT_TYPE}`,
      });
    }
  }
}
