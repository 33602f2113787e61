import { lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";
import { isPrivateAddress } from "../domain/private-address.ts";

/** The address that a name leads to is not one that webhooks may reach. */
export class PrivateAddressError extends Error {
  constructor(host: string) {
    super(`${host} leads to an address of a private network`);
    this.name = "PrivateAddressError";
  }
}

/**
 * Connections to public addresses only. What counts is the address that the socket connects to, not an earlier answer for the name:
 * the owner of a name can give another one each time.
 */
export function guardedAgent(allowPrivate: () => boolean): Agent {
  const guardedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : [];
      const [first] = addresses;
      if (error !== null || first === undefined) return callback(error ?? new Error(`${hostname} has no address`), "", 0);
      // One private address among public ones is no accident.
      if (!allowPrivate() && addresses.some(({ address }) => isPrivateAddress(address))) {
        return callback(new PrivateAddressError(hostname), "", 0);
      }
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  const connect = buildConnector({ lookup: guardedLookup, timeout: 10_000 });
  return new Agent({
    connect(options, callback) {
      // An address in the URL is connected to without a look-up.
      const host = options.hostname.replace(/^\[|\]$/g, "");
      if (isIP(host) !== 0 && !allowPrivate() && isPrivateAddress(host)) return callback(new PrivateAddressError(host), null);
      connect(options, callback);
    },
    // Receivers are many and are called rarely; and a guard that was switched on must not meet old connections.
    keepAliveTimeout: 1000,
    keepAliveMaxTimeout: 1000,
  });
}
