import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Account, anAccount } from "./accounts.ts";
import { type LocalPlatform, startLocalPlatform } from "./local-platform.ts";

/** A client in another language, that knows nothing but what the gateway's reflection tells. */
const grpcurl = process.env.PLINTH_GRPCURL;
if (grpcurl === undefined && process.env.CI) throw new Error('grpcurl is missing: eval "$(node scripts/components.ts grpcurl)"');

const testWithGrpcurl = grpcurl === undefined ? test.skip : test;
let platform: LocalPlatform;
let ada: Account;

beforeAll(async () => {
  if (grpcurl === undefined) return;
  platform = await startLocalPlatform({ ports: "free" });
  ada = await anAccount(platform, "ada@example.com", { administrator: true });
}, 90_000);

afterAll(async () => {
  await platform?.stop();
  await platform?.remove();
});

async function call(...words: string[]): Promise<{ code: number | null; output: string; complaints: string }> {
  const address = new URL(await platform.url("gateway")).host;
  const [method, ...rest] = words.toReversed();
  const child = spawn(grpcurl ?? "", ["-plaintext", ...rest.toReversed(), address, method ?? ""], { stdio: ["ignore", "pipe", "pipe"] });
  const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: child.exitCode, output, complaints };
}

testWithGrpcurl("lists the services of all modules", async () => {
  const { output } = await call("list");
  for (const service of ["plinth.auth.v1.AuthService", "plinth.blog.v1.BlogService", "plinth.identity.v1.IdentityService"]) {
    expect(output).toContain(service);
  }
});

testWithGrpcurl("calls a method, and is shown the same error details as everybody", async () => {
  const token = ["-H", `authorization: Bearer ${ada.token}`];
  const created = await call(...token, "-d", '{"title": "By grpcurl"}', "plinth.blog.v1.BlogService/CreatePost");
  expect(JSON.parse(created.output)).toMatchObject({ title: "By grpcurl", authorId: ada.id });
  const refused = await call("-d", '{"title": "By nobody"}', "plinth.blog.v1.BlogService/CreatePost");
  expect(refused.complaints).toContain("Unauthenticated");
  expect(refused.complaints).toContain("MISSING_TOKEN");
  const invalid = await call(...token, "-d", '{"title": ""}', "plinth.blog.v1.BlogService/CreatePost");
  expect(invalid.complaints).toContain("InvalidArgument");
  expect(invalid.complaints).toContain('"title"');
});
