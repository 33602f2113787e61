import { join } from "node:path";
import { freePort } from "../testing/free-port.ts";
import { type ServerProcess, startProcess, untilReady } from "./child.ts";

export interface Etcd {
  readonly url: string;
  /** Forgets all revisions but the present one. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** One member, on memory rather than on disk: nobody needs its data after the test. */
export async function startEtcd(program: string, folder: string): Promise<Etcd> {
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const server: ServerProcess = startProcess(
    program,
    [
      ...["--name", "test", "--data-dir", join(folder, "etcd"), "--unsafe-no-fsync"],
      ...["--listen-client-urls", url, "--advertise-client-urls", url],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `test=${peer}`],
    ],
    join(folder, "etcd.log"),
  );
  async function ask<T>(path: string, body: object): Promise<T> {
    const answer = await fetch(`${url}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }
  await untilReady("etcd", server, async () => (await fetch(`${url}/health`)).ok);
  return {
    url,
    async compact() {
      const { header } = await ask<{ header: { revision: string } }>("kv/range", { key: Buffer.from("/").toString("base64") });
      await ask("kv/compaction", { revision: header.revision, physical: true });
    },
    stop: () => server.stop("SIGKILL"),
  };
}
