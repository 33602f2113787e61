import { createHmac, timingSafeEqual } from "node:crypto";

/** How far the signature's time may be from ours, either way. */
export const TOLERANCE_SECONDS = 300;

/**
 * Whether `header` (`t=<seconds>,v1=<hex>[,v1=…]`) signs `body` with `secret`, within the last five minutes: an older one may be a recording. While
 * a secret is rotated there are several signatures; one that fits is enough. Compared in constant time.
 */
export function isSigned(body: Buffer, header: string, secret: string, now: Date): boolean {
  const fields = header.split(",").map((field) => field.split("=", 2) as [string, string | undefined]);
  const time = fields.find(([name]) => name.trim() === "t")?.[1] ?? "";
  if (!/^\d{1,12}$/.test(time) || Math.abs(now.getTime() / 1000 - Number(time)) > TOLERANCE_SECONDS) return false;
  const expected = createHmac("sha256", secret).update(`${time}.`).update(body).digest();
  let fits = false;
  for (const [name, value = ""] of fields) {
    if (name.trim() !== "v1" || !/^[0-9a-f]{64}$/.test(value)) continue;
    if (timingSafeEqual(Buffer.from(value, "hex"), expected)) fits = true;
  }
  return fits;
}
