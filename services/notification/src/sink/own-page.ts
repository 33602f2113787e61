import type { IncomingHttpHeaders } from "node:http";

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether a Host header is a name of ours; a browser that was led here by another name says that one. */
export function isOwnHost(header: string | undefined, configured: string): boolean {
  const name = (header ?? "").replace(/:\d{1,5}$/, "").toLowerCase();
  return LOOPBACK.has(name) || name === configured.toLowerCase();
}

/** Whether a request is made by our own page, or by no page at all. */
export function isOwnPage({ origin, host, "sec-fetch-site": site }: IncomingHttpHeaders): boolean {
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  return origin === undefined || origin === `http://${host}`;
}
