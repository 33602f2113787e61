import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { silentLogger } from "../logging/silent-logger.ts";
import { describeCluster } from "../test-cluster/describe-cluster.ts";
import { requestToken } from "../test-cluster/service-account.ts";
import { startTestCluster, type TestCluster } from "../test-cluster/test-cluster.ts";
import { INVALID, refusal } from "./identity-contract.ts";
import { openKubernetesIdentity } from "./kubernetes-identity.ts";

describeCluster("identity by the cluster's own tokens", () => {
  let cluster: TestCluster;
  let folder = "";
  beforeAll(async () => {
    cluster = await startTestCluster();
    folder = await mkdtemp(join(tmpdir(), "plinth-tokens-"));
    for (const namespace of ["shop", "other"]) {
      await cluster.client.request({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: namespace } } });
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
      await cluster.client.request({ method: "POST", path, body: { metadata: { name: "blog" } } });
    }
  });
  afterAll(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const open = (module: string) =>
    openKubernetesIdentity({ module, namespace: "shop", tokensFolder: folder, client: cluster.client, logger: silentLogger });

  test("the API server's token for a callee says who calls, to this callee alone", async () => {
    await writeFile(join(folder, "authz"), await requestToken(cluster.client, "shop", "blog", "authz"));
    const blog = await open("blog");
    const authz = await open("authz");
    const audit = await open("audit");
    const token = await blog.tokenFor("authz");
    expect(await authz.verify(token)).toBe("blog");
    expect(authz.verify(token)).toBe("blog");
    expect(await refusal(() => audit.verify(token))).toMatchObject(INVALID);
    for (const identity of [blog, authz, audit]) await identity.close();
  });

  test("a service account of the same name in another namespace is a stranger; so is one that comes with a token for the API", async () => {
    const authz = await open("authz");
    expect(await refusal(async () => authz.verify(await requestToken(cluster.client, "other", "blog", "authz")))).toMatchObject(INVALID);
    expect(await refusal(async () => authz.verify(await requestToken(cluster.client, "shop", "blog")))).toMatchObject(INVALID);
    await authz.close();
  });

  test("a caller whose callees come and go asks for tokens of its own account, and for one only once", async () => {
    const shopkeeper = await openKubernetesIdentity({
      module: "blog",
      namespace: "shop",
      tokensFolder: join(folder, "none"),
      asksForTokens: true,
      client: cluster.client,
      logger: silentLogger,
    });
    const authz = await open("authz");
    const [first, second] = await Promise.all([shopkeeper.tokenFor("authz"), shopkeeper.tokenFor("authz")]);
    expect(first).toBe(second);
    expect(shopkeeper.tokenFor("authz")).toBe(first);
    expect(await authz.verify(first)).toBe("blog");
    const stranger = await openKubernetesIdentity({
      module: "nobody",
      namespace: "shop",
      tokensFolder: join(folder, "none"),
      asksForTokens: true,
      client: cluster.client,
      logger: silentLogger,
    });
    await expect(stranger.tokenFor("authz")).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE", reason: "NO_SERVICE_TOKEN" });
    for (const identity of [shopkeeper, authz, stranger]) await identity.close();
  });

  test("a token that was not seen before is verified while the API server is away", async () => {
    const authz = await open("authz");
    const token = await requestToken(cluster.client, "shop", "blog", "authz");
    await cluster.restart({
      async whileDown() {
        expect(await authz.verify(token)).toBe("blog");
      },
    });
    await authz.close();
  });
});
