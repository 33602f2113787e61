/** Networks that lie inside, or nowhere (IANA special-purpose registries). What a webhook must not reach by a name of its choice. */
const PRIVATE_V4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Of IPv6 only 2000::/3 is public, and of that not what tunnels to IPv4 (2001::/23 with Teredo, 2002::/16) or is for documentation. */
const PUBLIC_V6 = [0x2000, 3] as const;

/** True for an address, v4 or v6, that is not a public one. False for a name. */
export function isPrivateAddress(address: string): boolean {
  const v4 = parseV4(address);
  if (v4 !== undefined) return PRIVATE_V4.some(([network, bits]) => sameNetwork(v4, parseV4(network) ?? 0, bits));
  if (!address.includes(":")) return false;
  const groups = parseV6(address);
  // What cannot be read is not trusted.
  if (groups === undefined) return true;
  const [first = 0, second = 0] = groups;
  if (first >> (16 - PUBLIC_V6[1]) !== PUBLIC_V6[0] >> (16 - PUBLIC_V6[1])) return true;
  return (first === 0x2001 && (second < 0x200 || second === 0xdb8)) || first === 0x2002 || (first === 0x3fff && second < 0x1000);
}

function sameNetwork(address: number, network: number, bits: number): boolean {
  return address >>> (32 - bits) === network >>> (32 - bits);
}

function parseV4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0) >>> 0;
}

/** The first groups of 16 bits; the URL parser and the resolver write them in hexadecimal, with one "::" at most. */
function parseV6(text: string): number[] | undefined {
  const [head = "", tail] = (text.split("%")[0] ?? "").split("::");
  const known = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = tail === undefined ? known : [...known, ...Array<string>(Math.max(0, 8 - known.length - rest.length)).fill("0"), ...rest];
  // A mapped address may end in dotted decimals; its first groups are zero, which is not public.
  if (groups.slice(0, 2).some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.slice(0, 2).map((group) => Number.parseInt(group, 16));
}
