/**
 * Which of two resource versions of one kind is newer: above 0 the first, below 0 the second. They are decimal integers without leading zeros,
 * and may be compared since Kubernetes 1.35; they have 64 bits, more than a number holds, so that they are compared as texts.
 */
export function compareResourceVersions(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : one > other ? 1 : 0;
}
