import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKubeClient, type KubeClient } from "../kube/client.ts";
import { type KubeConnection, openConnection } from "../kube/connection.ts";
import type { CredentialSource, Credentials } from "../kube/credentials.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { freePort } from "../testing/free-port.ts";
import { startApiServer, type TokenUser } from "./api-server.ts";
import { type Authority, type Certificate, createAuthority } from "./certificates.ts";
import type { ServerProcess } from "./child.ts";
import { startEtcd } from "./etcd.ts";
import { getClusterPrograms } from "./programs.ts";

export interface TestClusterOptions {
  /** Further flags of the API server. */
  readonly flags?: readonly string[];
  /** Who may come with a bearer token. */
  readonly users?: readonly TokenUser[];
}

/** A Kubernetes API of a test file's own: etcd and API server, with RBAC, but without controllers. */
export interface TestCluster {
  /** `https://127.0.0.1:port`; the port stays over restarts. */
  readonly server: string;
  readonly port: number;
  readonly folder: string;
  readonly authority: Authority;
  /** What the API server shows. Any server on 127.0.0.1 or localhost may show it. */
  readonly serving: Certificate;
  readonly adminCredentials: Credentials;
  /** As cluster administrator. */
  readonly client: KubeClient;
  /** A further connection, to this server or to one before it. */
  connect(options?: { server?: string; credentials?: CredentialSource | Credentials; maxSockets?: number }): KubeConnection;
  /** Ends the API server and starts it again, with the same data; `users` replaces who may come. */
  restart(options?: { signal?: "SIGTERM" | "SIGKILL"; users?: readonly TokenUser[]; whileDown?: () => Promise<void> }): Promise<void>;
  /** Lets etcd forget all but the present. */
  compact(): Promise<void>;
  /** The API server stands still until `resume`. */
  pause(): void;
  resume(): void;
  logTail(): Promise<string>;
  /** Ends everything and removes the folder. */
  stop(): Promise<void>;
}

export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const programs = getClusterPrograms();
  const folder = await mkdtemp(join(tmpdir(), "plinth-cluster-"));
  const [authority, etcd, port] = await Promise.all([createAuthority(folder), startEtcd(programs.etcd, folder), freePort()]);
  const names = ["IP:127.0.0.1", "DNS:localhost", "IP:10.96.0.1", "DNS:kubernetes.default.svc"];
  const [serving, admin] = await Promise.all([
    authority.issue("serving", "/CN=kube-apiserver", names),
    authority.issue("admin", "/O=system:masters/CN=admin"),
  ]).catch(async (error) => {
    await etcd.stop();
    throw error;
  });
  let users = options.users ?? [];

  function start(): Promise<ServerProcess> {
    const { etcd: _, apiServer: program } = programs;
    return startApiServer({ program, folder, etcdUrl: etcd.url, port, authority, serving, users, flags: options.flags ?? [] });
  }
  let apiServer = await start().catch(async (error) => {
    await etcd.stop();
    throw error;
  });

  const server = `https://127.0.0.1:${port}`;
  const adminCredentials: Credentials = { tls: { ca: authority.cert, cert: admin.cert, key: admin.key }, headers: {} };
  const connections = new Set<KubeConnection>();

  function connect(to: { server?: string; credentials?: CredentialSource | Credentials; maxSockets?: number } = {}): KubeConnection {
    const credentials = to.credentials ?? adminCredentials;
    const connection = openConnection({
      server: to.server ?? server,
      credentials: "current" in credentials ? credentials : { current: () => credentials, renew: async () => false },
      ...(to.maxSockets !== undefined && { maxSockets: to.maxSockets }),
    });
    connections.add(connection);
    return connection;
  }

  return {
    server,
    port,
    folder,
    authority,
    serving,
    adminCredentials,
    client: createKubeClient(connect(), { logger: silentLogger }),
    connect,
    async restart({ signal = "SIGKILL", users: others, whileDown } = {}) {
      await apiServer.stop(signal);
      if (others !== undefined) users = others;
      await whileDown?.();
      apiServer = await start();
    },
    compact: () => etcd.compact(),
    pause: () => apiServer.pause(),
    resume: () => apiServer.resume(),
    logTail: () => apiServer.logTail(),
    async stop() {
      await Promise.all([...connections].map((connection) => connection.close()));
      await apiServer.stop("SIGKILL");
      await etcd.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
