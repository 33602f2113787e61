/**
 * Which of a client's headers a module sees. Internal ones from outside are stripped (they would be believed), and so are those of the
 * one connection, those the gateway writes anew, and the forwarding headers that a client could forge.
 */
const STRIPPED = new Set([
  // Of one connection.
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "expect",
  // Written anew.
  "host",
  "content-length",
  "authorization",
  "x-request-id",
  "traceparent",
  // Internal.
  "x-service-token",
  "x-service-name",
  "x-service-version",
  "x-tenant-id",
  "x-client-address",
  "x-client-agent",
  "x-deadline-ms",
  "grpc-timeout",
  "connect-timeout-ms",
  // Forgeable.
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-forwarded-prefix",
  "x-real-ip",
  "x-original-url",
  "x-rewrite-url",
  "x-http-method-override",
]);

/** Spellings seen before: spares lower-casing each name of each request. Bounded, because clients choose the spellings. */
const known = new Map<string, boolean>();
const MAX_KNOWN = 2000;

function isForwarded(name: string): boolean {
  const before = known.get(name);
  if (before !== undefined) return before;
  const forwarded = name.charCodeAt(0) !== 58 && !STRIPPED.has(name.toLowerCase());
  if (known.size < MAX_KNOWN && name.length <= 64) known.set(name, forwarded);
  return forwarded;
}

/** Names that `Connection` declares to be of this connection only. */
function listedNames(connection: string): Set<string> | undefined {
  if (connection === "keep-alive" || connection === "close" || connection === "Keep-Alive" || connection === "Upgrade") return undefined;
  return new Set(
    connection
      .toLowerCase()
      .split(",")
      .map((name) => name.trim()),
  );
}

/** Whether `Host` stands there twice: whoever reads the first and whoever reads the last would see two requests. */
export function hasTwoHosts(raw: readonly string[]): boolean {
  let hosts = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    if (name.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  return hosts > 1;
}

/** Appends what a module may see to a flat list of names and values. `raw` is the flat list as received. */
export function appendRequestHeaders(raw: readonly string[], connection: string | undefined, into: string[]): void {
  const listed = connection === undefined ? undefined : listedNames(connection);
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string;
    if (!isForwarded(name)) continue;
    if (listed?.has(name.toLowerCase())) continue;
    into.push(name, raw[index + 1] as string);
  }
}
