/** `a,b, c` → the three, without empty ones. */
export function byComma(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
