import { createHash } from "node:crypto";

/** Where a request comes from, as the gateway saw it. */
export interface Client {
  readonly address: string;
  readonly userAgent: string;
}

/** What rows and events have room for. */
const ADDRESS_LENGTH = 64;
const USER_AGENT_LENGTH = 1024;

export function clientOf(address: string | undefined, userAgent: string | undefined): Client {
  return { address: (address ?? "").slice(0, ADDRESS_LENGTH), userAgent: (userAgent ?? "").slice(0, USER_AGENT_LENGTH) };
}

/**
 * Stands for "the same client" where a spent refresh token is repeated: the user agent and the network. An address alone would be too
 * strict in IPv6, where one device changes it within its /64 as it likes.
 */
export function clientFingerprint({ address, userAgent }: Client): Buffer {
  return createHash("sha256")
    .update(`${networkOf(address)}\0${userAgent}`)
    .digest();
}

/** The kind of device: the user agent without its version numbers, so that an updated browser is no new device. */
export function deviceFingerprint({ userAgent }: Client): Buffer {
  return createHash("sha256")
    .update(userAgent.replaceAll(/[\d._]+/g, "#"))
    .digest();
}

/** What stands for one client's place in the network: the whole address in IPv4, the /64 in IPv6. */
export function networkOf(address: string): string {
  const plain = address.toLowerCase().replace(/%.*$/, "");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...Array<string>(zeros).fill("0"), ...last];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
