import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { validation } from "@plinth/kernel/base";

const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;

/** RFC 3339 with microseconds, the exactness of the database; what is finer is cut off. Throws VALIDATION_ERROR on `field`. */
export function timestampText({ seconds, nanos }: Timestamp, field: string): string {
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos < 0 || nanos > 999_999_999) {
    throw validation({ [field]: "must be a time in the years 1 to 9999" });
  }
  const micros = String(Math.floor(nanos / 1_000)).padStart(6, "0");
  return `${new Date(Number(seconds) * 1_000).toISOString().slice(0, 19)}.${micros}Z`;
}

/** The way back, from what `timestampText` or the database wrote. */
export function timestampOf(text: string): Pick<Timestamp, "seconds" | "nanos"> {
  const [whole = "", fraction = "0Z"] = text.split(".");
  return { seconds: BigInt(Date.parse(`${whole}Z`) / 1_000), nanos: Number(fraction.slice(0, -1).padEnd(9, "0")) };
}
