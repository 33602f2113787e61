import { expect, test } from "@jest/globals";
import { hashOfToken, newRefreshToken, openSuccessor, sealSuccessor } from "./refresh-token.ts";

const pair = { accessToken: "a", accessExpiresAt: 1, refreshToken: "r", refreshExpiresAt: 2, sessionId: "s", userId: "u" };

test("a token has 256 bits, and none is like another", () => {
  const tokens = new Set(Array.from({ length: 1000 }, newRefreshToken));
  expect(tokens.size).toBe(1000);
  for (const token of tokens) expect(Buffer.from(token, "base64url")).toHaveLength(32);
});

test("a sealed pair opens with its token, and with nothing that is stored", () => {
  const token = newRefreshToken();
  const sealed = sealSuccessor(token, pair);
  expect(openSuccessor(token, sealed)).toEqual(pair);
  expect(() => openSuccessor(newRefreshToken(), sealed)).toThrow();
  expect(() => openSuccessor(hashOfToken(token).toString("base64url"), sealed)).toThrow();
  for (const position of [0, 12, 28, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(position) ^ 1, position);
    expect(() => openSuccessor(token, changed)).toThrow();
  }
});
