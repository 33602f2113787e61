import { expect, test } from "@jest/globals";
import { isPrivateAddress } from "./private-address.ts";
import { checkWebhookUrl } from "./webhook-url.ts";

test.each([
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "127.0.0.1",
  "127.255.255.255",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:8.8.8.8",
  "64:ff9b::7f00:1",
  "fc00::1",
  "fd12::1",
  "fe80::1",
  "fe80::1%eth0",
  "ff02::1",
  "2001:db8::1",
  "2001::1",
  "2001:0:7f00:1::",
  "2002:7f00:1::",
  "fec0::1",
  "3fff::1",
])("%s is private", (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

test.each([
  "8.8.8.8",
  "172.32.0.1",
  "172.15.255.255",
  "100.128.0.1",
  "192.167.1.1",
  "223.255.255.255",
  "2606:4700::1111",
  "2a00:1450::1",
  "2001:4860:4860::8888",
])("%s is public", (address) => {
  expect(isPrivateAddress(address)).toBe(false);
});

test.each([
  "http://example.com/",
  "ftp://example.com/",
  "https://user:secret@example.com/",
  "https://127.0.0.1/",
  "https://[::1]/",
  "https://2130706433/",
  "https://0x7f.1/",
  "https://[::ffff:127.0.0.1]/",
  "https://127.1:8443/",
  "javascript:alert(1)",
  "nonsense",
])("a webhook does not go to %s", (url) => {
  expect(() => checkWebhookUrl(url, false)).toThrow(
    expect.objectContaining({ fieldErrors: { "recipient.webhook_url": expect.anything() } }),
  );
});

test("a webhook goes to public https addresses, and to private ones where that is allowed", () => {
  expect(checkWebhookUrl("https://example.com/hook", false).origin).toBe("https://example.com");
  expect(checkWebhookUrl("http://127.0.0.1:8080/hook", true).port).toBe("8080");
});
