/** How an action ended. */
export type Outcome = "success" | "failure" | "denied";

/** What a recorder says. Times are RFC 3339 in UTC with microseconds, as exact as the database keeps them. */
export interface NewEntry {
  readonly id: string;
  readonly tenantId: string;
  /** Empty for the platform itself and for callers that are not signed in. */
  readonly userId: string;
  readonly action: string;
  readonly resource: string;
  readonly resourceId: string;
  readonly outcome: Outcome;
  readonly ipAddress: string;
  readonly userAgent: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** When it happened; the time of recording where undefined. */
  readonly occurredAt: string | undefined;
  readonly requestId: string;
  readonly traceId: string;
  /** The module that recorded it, by its verified identity. */
  readonly module: string;
}

/** An entry as it is stored. */
export interface Entry extends NewEntry {
  readonly occurredAt: string;
  readonly recordedAt: string;
  /** Place in the tenant's tree, from 0; undefined until it is sealed. */
  readonly sequence: number | undefined;
}

/** What can stand in a text of the database: neither NUL nor half a character. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}

/** The entry with every text storable. */
export function storableEntry(entry: NewEntry): NewEntry {
  const metadata = Object.fromEntries(Object.entries(entry.metadata).map(([key, value]) => [storable(key), storable(value)]));
  return {
    ...entry,
    id: storable(entry.id),
    userId: storable(entry.userId),
    resource: storable(entry.resource),
    resourceId: storable(entry.resourceId),
    ipAddress: storable(entry.ipAddress),
    userAgent: storable(entry.userAgent),
    requestId: storable(entry.requestId),
    traceId: storable(entry.traceId),
    metadata,
  };
}
