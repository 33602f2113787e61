import type { Entry } from "./entry.ts";

/**
 * The bytes of an entry that are hashed into its leaf: JSON in the canonical form of RFC 8785 (names sorted, no spaces), so
 * that a verifier in any language can make them again. The set of names must never change: trees rest on it.
 */
export function canonicalEntry(entry: Entry, sequence: number): Buffer {
  const text = JSON.stringify;
  return Buffer.from(
    `{"action":${text(entry.action)},"id":${text(entry.id)},"ip_address":${text(entry.ipAddress)},"metadata":${sorted(entry.metadata)},` +
      `"module":${text(entry.module)},"occurred_at":${text(entry.occurredAt)},"outcome":${text(entry.outcome)},` +
      `"recorded_at":${text(entry.recordedAt)},"request_id":${text(entry.requestId)},"resource":${text(entry.resource)},` +
      `"resource_id":${text(entry.resourceId)},"sequence":${sequence},"tenant_id":${text(entry.tenantId)},"trace_id":${text(entry.traceId)},` +
      `"user_agent":${text(entry.userAgent)},"user_id":${text(entry.userId)}}`,
  );
}

/** Written by hand: an object would put names that look like numbers before all others. */
function sorted(metadata: Readonly<Record<string, string>>): string {
  const names = Object.keys(metadata).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(metadata[name])}`).join(",")}}`;
}
