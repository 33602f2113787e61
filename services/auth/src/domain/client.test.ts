import { expect, test } from "@jest/globals";
import { clientFingerprint, clientOf, deviceFingerprint, networkOf } from "./client.ts";

test("a network is the address in IPv4 and the /64 in IPv6, however it is written", () => {
  expect(networkOf("192.0.2.1")).toBe("192.0.2.1");
  expect(networkOf("::ffff:192.0.2.1")).toBe("192.0.2.1");
  expect(networkOf("2001:DB8:0:1::42")).toBe("2001:db8:0:1::/64");
  expect(networkOf("2001:db8:0:0001:aaaa:bbbb:cccc:dddd%eth0")).toBe("2001:db8:0:1::/64");
  expect(networkOf("2001:db8::1")).toBe("2001:db8:0:0::/64");
  expect(networkOf("::1")).toBe("0:0:0:0::/64");
  expect(networkOf("")).toBe("");
});

test("the same client has one fingerprint inside its network, and another with another agent", () => {
  const one = clientFingerprint(clientOf("2001:db8::1", "Browser/1.0"));
  expect(clientFingerprint(clientOf("2001:db8::2", "Browser/1.0"))).toEqual(one);
  expect(clientFingerprint(clientOf("2001:db9::1", "Browser/1.0"))).not.toEqual(one);
  expect(clientFingerprint(clientOf("2001:db8::1", "Browser/1.1"))).not.toEqual(one);
});

test("a device stays the same when its browser is updated", () => {
  const device = (userAgent: string) => deviceFingerprint(clientOf("", userAgent));
  expect(device("Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0")).toEqual(device("Mozilla/5.0 (X11; Linux x86_64) Firefox/131.0.2"));
  expect(device("Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0")).not.toEqual(device("Mozilla/5.0 (Macintosh) Firefox/130.0"));
});

test("what a client says of itself is cut to what there is room for", () => {
  const { address, userAgent } = clientOf("1".repeat(9999), "x".repeat(9999));
  expect([address.length, userAgent.length]).toEqual([64, 1024]);
});
