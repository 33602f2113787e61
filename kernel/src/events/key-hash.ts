/**
 * FNV-1a over the characters, without the sign bit: fits a Postgres integer. Every instance of every version must give the same
 * number for a key, for the number decides its partition.
 */
export function hashKey(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // The low bits of FNV are weak for short texts, and a partition is taken from them.
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) & 0x7fffffff;
}
