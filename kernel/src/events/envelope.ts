import { newId } from "../base/ids.ts";
import type { Envelope } from "./bus.ts";
import type { EventDescription } from "./describe-event.ts";
import type { EventData } from "./event-data.ts";

/** Prefix of every event id. The ids sort by time, which lets the inbox forget the old ones by their ids alone. */
export const EVENT_ID_PREFIX = "evt";

/** Puts an event into its envelope, with a new id and the present time. */
export function envelopeOf(
  description: EventDescription,
  { key, data }: EventData,
  from: { readonly module: string; readonly tenantId: string; readonly traceparent: string },
): Envelope {
  return {
    eventId: newId(EVENT_ID_PREFIX),
    eventType: description.name,
    type: description.type,
    topic: description.topic,
    version: description.version,
    timestamp: new Date().toISOString(),
    source: `${from.module}-service`,
    tenantId: from.tenantId,
    key,
    traceparent: from.traceparent,
    data,
  };
}
