/**
 * Paths that different readers read differently are how a route's permission is walked around: `/a//b`, `/a/../b`, `%2f`, `%2e`, a
 * backslash. They are refused before anything looks at them.
 */

/** The common case, decided by one linear look: plain segments that do not begin with a dot. */
const PLAIN = /^(?:\/[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)*\/?$/;
/** Slash, backslash, dot and control characters must not come encoded; a percent sign must be followed by two digits. */
const BAD_ESCAPE = /%(?:2[ef]|5c|[01][0-9a-f]|7f|(?![0-9a-f]{2}))/i;
const BAD_SHAPE = /\/\/|\/\.\.?(?:\/|$)|[\\#"<>^`{|}]|[^\u0021-\u007e]/;
const MAX_LENGTH = 8192;

/** Why a request target is refused, or undefined for a good one. `path` is without its query. */
export function pathProblem(path: string): string | undefined {
  if (path !== "" && PLAIN.test(path)) return path.length > MAX_LENGTH ? "is longer than 8192 characters" : undefined;
  if (path.charCodeAt(0) !== 47) return "must begin with a slash";
  if (path.length > MAX_LENGTH) return "is longer than 8192 characters";
  if (BAD_SHAPE.test(path)) return "has an empty or dot segment, or a character that must be percent-encoded";
  if (BAD_ESCAPE.test(path)) return "has a percent-encoding that is invalid or not allowed";
  try {
    decodeURIComponent(path);
  } catch {
    return "has a percent-encoding that is no UTF-8";
  }
  return undefined;
}

/** Queries are the service's business, but for bytes that could break the line they are sent on. */
export function queryProblem(query: string): string | undefined {
  return /[^\u0021-\u007e]|%(?![0-9a-fA-F]{2})|#/.test(query) ? "has a character or percent-encoding that is not allowed" : undefined;
}
