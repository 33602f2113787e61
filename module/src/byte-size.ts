const BYTES = { "": 1, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 } as const;

const BYTE_SIZE = /^([1-9][0-9]{0,8})(Ki|Mi|Gi)?$/;

/** Bytes of a size as `65536`, `512Ki`, `4Mi` or `1Gi`. Throws a RangeError for anything else. */
export function parseByteSize(size: string | number): number {
  const match = BYTE_SIZE.exec(String(size));
  if (match === null) throw new RangeError(`not a size: ${String(size).slice(0, 40)} (write 65536, 512Ki or 4Mi)`);
  return Number(match[1]) * BYTES[(match[2] ?? "") as keyof typeof BYTES];
}
