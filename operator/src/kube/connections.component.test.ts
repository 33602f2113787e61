import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createKubeClient, isAlreadyExists, isConflict, type KubeConnection } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { KINDS } from "./kinds.ts";
import { createLeaseStore, microTime } from "./lease.ts";
import { openKubeconfigConnection } from "./open-kubeconfig.ts";

const USER = { token: "a-token", user: "somebody", groups: ["system:masters"] };

describeCluster("beside the writer", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster({ users: [USER] });
  });
  afterAll(() => cluster?.stop());

  async function kubeconfig(name: string, user: object): Promise<string> {
    const file = join(cluster.folder, name);
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster: { server: cluster.server, "certificate-authority": cluster.authority.certFile } }],
      users: [{ name: "me", user }],
      contexts: [{ name: "here", context: { cluster: "test", user: "me", namespace: "shop" } }],
      "current-context": "here",
    };
    await writeFile(file, JSON.stringify(config));
    return file;
  }

  async function namespacesBy(connection: KubeConnection): Promise<string[]> {
    const { items } = await createKubeClient(connection, { logger: silentLogger }).list(KINDS.Namespace);
    await connection.close();
    return items.map(({ metadata }) => metadata.name);
  }

  test("a kubeconfig with a certificate", async () => {
    const { tls } = cluster.adminCredentials;
    const user = {
      "client-certificate-data": Buffer.from(tls.cert ?? "").toString("base64"),
      "client-key-data": Buffer.from(tls.key ?? "").toString("base64"),
    };
    const { connection, context, namespace } = await openKubeconfigConnection({ file: await kubeconfig("by-certificate", user) });
    expect([context, namespace]).toEqual(["here", "shop"]);
    expect(await namespacesBy(connection)).toContain("default");
  });

  test("a kubeconfig with an authentication plug-in", async () => {
    const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: { token: USER.token } };
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: ["-p", JSON.stringify(JSON.stringify(credential))],
      interactiveMode: "Never",
    };
    const { connection } = await openKubeconfigConnection({ file: await kubeconfig("by-plug-in", { exec }) });
    expect(await namespacesBy(connection)).toContain("default");
  });

  test("a kubeconfig without what it names", async () => {
    const file = await kubeconfig("other-context", {});
    await expect(openKubeconfigConnection({ file, context: "there" })).rejects.toThrow('no cluster for the context "there"');
  });

  test("a Lease is made once, and written only by who read it last", async () => {
    const store = createLeaseStore(cluster.client, { namespace: "default", name: "leader" });
    const options = { deadlineMs: 5000 };
    expect(await store.find(options)).toBeUndefined();
    const renewTime = microTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
    expect(renewTime).toBe("2026-01-02T03:04:05.678000Z");
    const made = await store.create({ holderIdentity: "one", leaseDurationSeconds: 15, acquireTime: renewTime, renewTime }, options);
    expect(made.spec).toMatchObject({ holderIdentity: "one", renewTime });
    const second = await store.create({ holderIdentity: "two" }, options).catch((error: unknown) => error);
    expect(isAlreadyExists(second)).toBe(true);
    const replaced = await store.replace(made.metadata, { ...made.spec, holderIdentity: "two" }, options);
    expect((await store.find(options))?.spec?.holderIdentity).toBe("two");
    const late = await store.replace(made.metadata, { holderIdentity: "one" }, options).catch((error: unknown) => error);
    expect(isConflict(late)).toBe(true);
    expect(replaced.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
  });
});
