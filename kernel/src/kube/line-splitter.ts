const NEWLINE = 0x0a;
/** Etcd takes objects up to 1.5 MB: a line far beyond that is no event, and must not fill the memory. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;

export interface LineSplitter {
  /** Calls back for each line that the chunk completes. Throws when a line does not end. */
  push(chunk: Buffer): void;
  /** Bytes of the line that has not ended. */
  readonly pendingBytes: number;
}

/** Cuts a stream into lines: one string a line, made when its end is there, so that a character cut in two is whole again. */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        let line: string;
        if (pendingBytes === 0) {
          line = chunk.toString("utf8", start, end);
        } else {
          pending.push(chunk.subarray(start, end));
          line = Buffer.concat(pending).toString("utf8");
          pending = [];
          pendingBytes = 0;
        }
        start = end + 1;
        if (line !== "") onLine(line);
      }
      if (start === chunk.length) return;
      pending.push(start === 0 ? chunk : chunk.subarray(start));
      pendingBytes += chunk.length - start;
      if (pendingBytes > MAX_LINE_BYTES) throw new Error(`A line of the watch is longer than ${MAX_LINE_BYTES} bytes.`);
    },
    get pendingBytes() {
      return pendingBytes;
    },
  };
}
