const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
/** Digits in one piece or in groups; hexadecimal digits beside them make it a checksum or an id. */
const DIGITS = /(?<![0-9a-f])\d(?:[ .-]?\d){12,}(?![0-9a-f])/gi;
const SHORTEST = 13;
const LONGEST = 19;

/** Whether a text holds what could be the number of a card: right length, first digit of a card scheme, right check digit. */
export function holdsCardNumber(text: string): boolean {
  if (text.length < SHORTEST) return false;
  for (const [run] of text.replaceAll(UUID, " ").matchAll(DIGITS)) {
    const groups = run.split(/[ .-]/);
    // The number may be followed by others: an expiry date, a check number.
    for (const first of groups.keys()) {
      let digits = "";
      for (const group of groups.slice(first)) {
        digits += group;
        if (digits.length > LONGEST) break;
        if (digits.length >= SHORTEST && /^[2-6]/.test(digits) && hasCheckDigit(digits)) return true;
      }
    }
  }
  return false;
}

/** The Luhn check. */
function hasCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
