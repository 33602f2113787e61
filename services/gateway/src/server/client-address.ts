import { BlockList, isIP } from "node:net";

/** Answers the address of the client that a request comes from. */
export type ClientAddress = (peer: string, forwardedFor: string | undefined) => string;

/**
 * `X-Forwarded-For` is believed only as far as trusted proxies wrote it: it is read from the right, and the first address that is no
 * trusted proxy's is the client's. Whatever stands left of it the client may have made up.
 * @param trusted Addresses or CIDR ranges.
 */
export function clientAddressBehind(trusted: readonly string[]): ClientAddress {
  const list = new BlockList();
  for (const entry of trusted) addTo(list, entry);
  return (peer, forwardedFor) => {
    const direct = plain(peer);
    if (trusted.length === 0 || forwardedFor === undefined || !isTrusted(list, direct)) return direct;
    const hops = forwardedFor.split(",");
    let client = direct;
    for (let index = hops.length - 1; index >= 0; index--) {
      const hop = plain((hops[index] ?? "").trim());
      if (isIP(hop) === 0) return client;
      client = hop;
      if (!isTrusted(list, hop)) return client;
    }
    return client;
  };
}

function addTo(list: BlockList, entry: string): void {
  const [address = "", bits] = entry.split("/");
  const version = isIP(address);
  if (version === 0) throw new RangeError(`trustedProxies: ${entry} is no address and no CIDR range.`);
  const family = version === 6 ? "ipv6" : "ipv4";
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
}

function isTrusted(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** IPv4 seen through an IPv6 socket, `::ffff:10.0.0.1`, is IPv4. */
function plain(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
