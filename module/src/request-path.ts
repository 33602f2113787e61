/** Longer paths match no template, and only cost time. */
const MAX_LENGTH = 8192;

/**
 * Takes the path of a request apart into `segments` (which is reused) and returns their number, or -1 for a path that no route may match.
 *
 * Who routes and who serves must read a path alike, or a route's permission could be walked around. So segments are decoded before they are
 * compared; a trailing slash does not count; and paths that readers disagree about are refused: empty segments, `.` and `..`, and encoded slashes,
 * backslashes and control characters. A query is ignored.
 */
export function splitRequestPath(path: string, segments: string[]): number {
  const query = path.indexOf("?");
  const end = query === -1 ? path.length : query;
  if (end === 0 || end > MAX_LENGTH || path.charCodeAt(0) !== 47) return -1;
  let count = 0;
  let start = 1;
  while (start < end) {
    let slash = path.indexOf("/", start);
    if (slash === -1 || slash > end) slash = end;
    const segment = readSegment(path.slice(start, slash));
    if (segment === undefined) return -1;
    segments[count++] = segment;
    start = slash + 1;
  }
  return count;
}

function readSegment(raw: string): string | undefined {
  const segment = raw.includes("%") ? decode(raw) : raw;
  if (segment === undefined || segment === "" || segment === "." || segment === ".." || segment.includes("\\")) return undefined;
  return segment;
}

function decode(raw: string): string | undefined {
  try {
    const segment = decodeURIComponent(raw);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    return /[/\u0000-\u001f\u007f]/.test(segment) ? undefined : segment;
  } catch {
    return undefined;
  }
}
