import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import jsonwebtoken from "jsonwebtoken";
import { createManualClock } from "../base/clock.ts";
import type { KubeClient } from "../kube/client.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { eventually } from "../testing/eventually.ts";
import { aKeyPair, describeIdentity, INVALID, type KeyPair, refusal } from "./identity-contract.ts";
import { publicJwk } from "./jwks.ts";
import { openKubernetesIdentity } from "./kubernetes-identity.ts";

const ISSUER = "https://kubernetes.default.svc.cluster.local";
const clusterKey = aKeyPair();
const aForeignKey = aKeyPair();

/** What the API server says of its keys. */
function aCluster() {
  const cluster = { keys: [clusterKey] as KeyPair[], away: false, reads: 0 };
  const request: KubeClient["request"] = async <T>({ path }: { path: string }) => {
    if (cluster.away) throw new Error("away");
    if (path === "/.well-known/openid-configuration") return { issuer: ISSUER } as T;
    cluster.reads++;
    expect(path).toBe("/openid/v1/jwks");
    return { keys: cluster.keys.map(({ publicKey }) => publicJwk(publicKey)) } as T;
  };
  return { cluster, client: { request } };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plinth-tokens-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function aPair() {
  const clock = createManualClock();
  const { cluster, client } = aCluster();
  const common = { namespace: "shop", tokensFolder: folder, client, logger: silentLogger, clock };
  const now = clock.now() / 1000;
  const claims = { iss: ISSUER, sub: "system:serviceaccount:shop:blog", aud: ["authz"], iat: now, nbf: now, exp: now + 600 };
  const sign = (changed: object = {}, key = clusterKey) =>
    jsonwebtoken.sign({ ...claims, ...changed }, key.privateKey, { algorithm: "RS256", keyid: key.kid });
  const open = (module: string) => openKubernetesIdentity({ ...common, module });
  return { clock, cluster, claims, sign, open };
}

/** Puts files in place as the kubelet does: a new folder, then the link to it is replaced. */
async function project(version: number, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(folder, `..${version}`));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, `..${version}`, name), text);
  await symlink(`..${version}`, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  if (version === 1) for (const name of Object.keys(files)) await symlink(`..data/${name}`, join(folder, name));
}

describeIdentity("service accounts", async () => {
  const { clock, cluster, claims, sign, open } = await aPair();
  await project(1, { authz: sign(), gateway: sign({ aud: ["gateway"] }) });
  const blog = await open("blog");
  const authz = await open("authz");
  return {
    clock,
    blog,
    authz,
    claims,
    signer: clusterKey,
    publish: (key) => void cluster.keys.push(key),
    async withdraw() {
      cluster.keys = [aKeyPair()];
      clock.advance(300_000);
      await refusal(() => authz.verify(sign()));
      await new Promise(setImmediate);
    },
    async close() {
      await blog.close();
      await authz.close();
    },
  };
});

describe("kubernetes identity", () => {
  test("a token that the kubelet replaced is used from then on", async () => {
    const { sign, open } = await aPair();
    await project(1, { authz: sign() });
    const blog = await open("blog");
    expect(blog.tokenFor("authz")).toBe(sign());
    const renewed = sign({ jti: "second" });
    await project(2, { authz: renewed });
    await eventually(() => blog.tokenFor("authz") === renewed);
    await blog.close();
  });

  test("once its time has come a successor is looked for, watch or not", async () => {
    const { clock, sign, open } = await aPair();
    await writeFile(join(folder, "authz"), sign());
    const blog = await open("blog");
    expect(blog.tokenFor("authz")).toBe(sign());
    await blog.close(); // Ends the watch.
    expect(blog.tokenFor("authz")).toBe(sign());
    const renewed = sign({ jti: "second" });
    await writeFile(join(folder, "authz"), renewed);
    clock.advance(480_000 - 1);
    expect(blog.tokenFor("authz")).toBe(sign());
    clock.advance(1);
    expect(blog.tokenFor("authz")).toBe(renewed);
  });

  test("without a token for the callee the answer is to try again", async () => {
    const { open } = await aPair();
    const blog = await open("blog");
    expect(await refusal(() => blog.tokenFor("authz"))).toMatchObject({ code: "SERVICE_UNAVAILABLE", reason: "NO_SERVICE_TOKEN" });
    await blog.close();
  });

  test.each([
    ["of another namespace", { sub: "system:serviceaccount:evil:blog" }],
    ["of a namespace that begins like ours", { sub: "system:serviceaccount:shop2:blog" }],
    ["of a user", { sub: "blog" }],
    ["of a node", { sub: "system:node:shop:blog" }],
    ["whose name hides another", { sub: "system:serviceaccount:shop:blog:x" }],
    ["for longer than an hour", { exp: createManualClock().now() / 1000 + 3601 }],
  ])("refuses a token %s", async (_name, changed) => {
    const { sign, open } = await aPair();
    const authz = await open("authz");
    expect(await refusal(() => authz.verify(sign(changed)))).toMatchObject(INVALID);
    await authz.close();
  });

  test("a token for several callees serves each of them", async () => {
    const { sign, open } = await aPair();
    const authz = await open("authz");
    expect(await authz.verify(sign({ aud: ["identity", "authz"] }))).toBe("blog");
    await authz.close();
  });

  test("while the API server is away known keys serve; without any the answer is to try again", async () => {
    const { clock, cluster, sign, open } = await aPair();
    cluster.away = true;
    const late = await open("authz");
    expect(await refusal(() => late.verify(sign()))).toMatchObject({ code: "SERVICE_UNAVAILABLE", reason: "TOKEN_KEYS_UNAVAILABLE" });
    cluster.away = false;
    clock.advance(1000);
    expect(await late.verify(sign())).toBe("blog");
    cluster.away = true;
    clock.advance(300_000);
    expect(await late.verify(sign({ jti: "later" }))).toBe("blog");
    await late.close();
  });

  test("forged key ids cause no stream of look-ups", async () => {
    const { clock, cluster, sign, open } = await aPair();
    const authz = await open("authz");
    for (let round = 0; round < 20; round++) expect(await refusal(() => authz.verify(sign({ round }, aForeignKey)))).toMatchObject(INVALID);
    expect(cluster.reads).toBe(1);
    clock.advance(1000);
    await refusal(() => authz.verify(sign({}, aForeignKey)));
    expect(cluster.reads).toBe(2);
    await authz.close();
  });
});
