/** The words of texts as they are searched for: lower case, without accents, letters and digits only; each once. */
export function searchWords(...texts: readonly string[]): string[] {
  const plain = texts
    .join(" ")
    .normalize("NFKD")
    .replaceAll(/\p{Mark}/gu, "")
    .toLowerCase();
  return [...new Set(plain.match(/[\p{Letter}\p{Number}]+/gu))];
}
