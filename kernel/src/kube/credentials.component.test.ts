import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { silentLogger } from "../logging/silent-logger.ts";
import { createAuthority } from "../test-cluster/certificates.ts";
import { type Churn, CONFIG_MAPS, createChurn } from "../test-cluster/churn.ts";
import { describeCluster } from "../test-cluster/describe-cluster.ts";
import { type FaultProxy, startFaultProxy } from "../test-cluster/fault-proxy.ts";
import { type Follower, startFollower } from "../test-cluster/follower.ts";
import { startTestCluster, type TestCluster } from "../test-cluster/test-cluster.ts";
import { eventually } from "../testing/eventually.ts";
import { createKubeClient, type KubeClient } from "./client.ts";
import { openFileCredentials } from "./credentials.ts";

const FIRST = { token: "the-first-token", user: "operator", groups: ["system:masters"] };
const SECOND = { ...FIRST, token: "the-second-token" };

describeCluster("credentials that change", () => {
  let cluster: TestCluster;
  let proxy: FaultProxy;
  let folder: string;
  let client: KubeClient;
  let churn: Churn;
  let follower: Follower;
  let runs = 0;

  beforeAll(async () => {
    cluster = await startTestCluster({ users: [FIRST] });
  });
  afterAll(() => cluster?.stop());
  beforeEach(async () => {
    folder = join(cluster.folder, `account-${++runs}`);
    await mkdir(folder);
    await put("token", FIRST.token);
    await put("ca.crt", cluster.authority.cert);
    proxy = await startFaultProxy({ target: cluster.server, serving: cluster.serving, credentials: cluster.adminCredentials });
    // Read again only when the server refuses: that is the case that has to work.
    const credentials = await openFileCredentials({ ca: join(folder, "ca.crt"), token: join(folder, "token") }, { recheckMs: 3_600_000 });
    client = createKubeClient(cluster.connect({ server: proxy.server, credentials }), { logger: silentLogger });
    churn = createChurn(cluster.client, `rotated${runs}`);
    follower = startFollower(client, { labelSelector: churn.labelSelector });
    await churn.run(20);
    await eventually(() => follower.replaces === 1 && proxy.openWatches === 1);
  });
  afterEach(async () => {
    await follower.stop();
    await client.connection.close();
    await proxy.close();
  });

  /** As the kubelet does: never half written. */
  async function put(name: string, content: string): Promise<void> {
    await writeFile(join(folder, `.${name}`), content);
    await rename(join(folder, `.${name}`), join(folder, name));
  }

  async function caughtUp(): Promise<void> {
    await churn.run(20);
    const present = await churn.present();
    await eventually(() => JSON.stringify(sorted(follower.known)) === JSON.stringify(sorted(Object.entries(present))));
    expect(follower.contradictions).toEqual([]);
  }

  test("a CA that is replaced after the server's certificate", async () => {
    const folderOfOther = join(folder, "other");
    await mkdir(folderOfOther);
    const other = await createAuthority(folderOfOther);
    proxy.present(await other.issue("serving", "/CN=kube-apiserver", ["IP:127.0.0.1"]));
    proxy.cutAll();
    await expect(client.list(CONFIG_MAPS, { namespace: "default" }, { deadlineMs: 500 })).rejects.toMatchObject({ status: 0 });
    await put("ca.crt", cluster.authority.cert + other.cert);
    await caughtUp();
    await client.list(CONFIG_MAPS, { namespace: "default" });
    expect(follower.replaces).toBe(1);
  });

  test("a token that is replaced after the old one became void", async () => {
    await cluster.restart({ users: [SECOND] });
    await expect(client.list(CONFIG_MAPS, { namespace: "default" }, { deadlineMs: 500 })).rejects.toMatchObject({ status: 401 });
    await put("token", SECOND.token);
    await client.list(CONFIG_MAPS, { namespace: "default" });
    await caughtUp();
    expect(follower.replaces).toBeLessThanOrEqual(2);
  });
});

function sorted(entries: Iterable<readonly [string, string]>): (readonly [string, string])[] {
  return [...entries].sort(([one], [other]) => (one < other ? -1 : 1));
}
