import { describe, expect, test } from "@jest/globals";
import { clientAddressBehind } from "./client-address.ts";

describe("behind trusted proxies", () => {
  const addressOf = clientAddressBehind(["10.0.0.0/8", "192.168.1.1", "fd00::/8"]);

  test.each([
    ["a client that writes the header itself", "6.6.6.6", "1.2.3.4", "6.6.6.6"],
    ["one proxy", "10.0.0.1", "1.2.3.4", "1.2.3.4"],
    ["two proxies", "10.0.0.1", "1.2.3.4, 192.168.1.1", "1.2.3.4"],
    ["what the client put in front is not believed", "10.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4"],
    ["nothing but proxies", "10.0.0.1", "10.0.0.9, 10.0.0.8", "10.0.0.9"],
    ["no address at all", "10.0.0.1", "unknown", "10.0.0.1"],
    ["IPv4 through an IPv6 socket", "::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"],
    ["IPv6", "fd00::1", "2001:db8::7", "2001:db8::7"],
  ])("%s", (_name, peer, header, expected) => {
    expect(addressOf(peer, header)).toBe(expected);
  });
});

test("without trusted proxies the header says nothing", () => {
  expect(clientAddressBehind([])("10.0.0.1", "1.2.3.4")).toBe("10.0.0.1");
});

test("a range that is none is refused", () => {
  expect(() => clientAddressBehind(["office"])).toThrow("office");
});
