import { describe, expect, test } from "@jest/globals";
import { isSigned, type SignedRequest } from "./easypost-signature.ts";

const BODY = Buffer.from('{"id":"evt_1"}');
const SECRET = "sécret";
const TIMESTAMP = "Tue, 19 Aug 2025 20:37:09 -0000";
const PATH = "/api/v1/shipping/webhooks/easypost";
const AT = Date.parse("2025-08-19T20:37:09Z");
// By Python's hmac with the secret's NFKD form, of the body; and of the timestamp, "POST", the path and the body.
const V1 = "648a648ccf2d4fb82924f631da8d92ecfb4d0e8406023c78f9a215117f1ac4d0";
const V2 = "b09a921cf28fcac967a1a68f784f1fbd602b6e5c7f45a8261622f68920bcde97";

const aRequest = (change: Partial<SignedRequest> = {}): SignedRequest => ({
  ...{ body: BODY, signatureV2: `hmac-sha256-hex=${V2}`, timestamp: TIMESTAMP, path: PATH, signature: `hmac-sha256-hex=${V1}` },
  ...change,
});
const signed = (change: Partial<SignedRequest> = {}, secondsLater = 0) =>
  isSigned(aRequest(change), SECRET, new Date(AT + secondsLater * 1000));
const alone = { signatureV2: "", timestamp: "", path: "" };

describe("a signature over time, method, path and body", () => {
  test.each([
    ["fits", {}, 0, true],
    ["fits without the older one", { signature: "" }, 0, true],
    ["is five minutes old", {}, 300, true],
    ["is older: a recording", {}, 301, false],
    ["comes from the future", {}, -301, false],
    ["is for another time", { timestamp: "Tue, 19 Aug 2025 20:37:10 -0000" }, 0, false],
    ["is for another path", { path: "/elsewhere" }, 0, false],
    ["has no time", { timestamp: "" }, 0, false],
    ["has a time that is none", { timestamp: "yesterday" }, 0, false],
    ["is cut off", { signatureV2: `hmac-sha256-hex=${V2.slice(2)}` }, 0, false],
    ["has no scheme", { signatureV2: V2 }, 0, false],
    ["is of another body", { body: Buffer.from("{}") }, 0, false],
    ["is the older one in its place", { signatureV2: `hmac-sha256-hex=${V1}` }, 0, false],
  ] as const)("that %s: %p, %ps: %p", (_what, change, later, fits) => expect(signed(change, later)).toBe(fits));
});

describe("a signature over the body alone", () => {
  test.each([
    ["fits, whenever", {}, true],
    ["is missing", { signature: "" }, false],
    ["is of another body", { body: Buffer.from("{}") }, false],
    ["is nonsense", { signature: "hmac-sha256-hex=zz" }, false],
  ] as const)("that %s: %p: %p", (_what, change, fits) => expect(signed({ ...alone, ...change }, 1e6)).toBe(fits));

  test("by another secret does not fit", () => {
    expect(isSigned(aRequest(alone), "other", new Date(AT))).toBe(false);
  });
});
