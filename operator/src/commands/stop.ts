import { createKubeClient, type KubeObject } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import type { ModuleStatus } from "@plinth/module";
import { KINDS } from "../kube/kinds.ts";
import { createWriter } from "../kube/writer.ts";
import { connect } from "../process/connect.ts";
import { runReflector } from "../runtime/reflector.ts";
import { createStore } from "../runtime/store.ts";

export interface StopOptions {
  readonly selector?: string;
  readonly timeoutMs: number;
  readonly write: (line: string) => void;
}

/**
 * Deletes the Modules of the namespace and waits until the operator has taken all of them down: they go in the order of their dependencies by themselves.
 * Resolves with the exit code: 1 when time is up.
 */
export async function stopModules({ selector, timeoutMs, write }: StopOptions): Promise<number> {
  const { connection, namespace } = await connect();
  const client = createKubeClient(connection, { logger: silentLogger });
  const writer = createWriter(client);
  const following = new AbortController();
  const store = createStore<KubeObject>({ logger: silentLogger });
  const watching = runReflector({
    client,
    resource: KINDS.Module,
    store,
    namespace,
    ...(selector !== undefined && { labelSelector: selector }),
    logger: silentLogger,
    signal: following.signal,
  });
  await store.whenSynced(following.signal);
  await Promise.all([...store.list()].map((module) => writer.delete(module)));
  const isGone = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs);
    const look = (): void => {
      if (store.size > 0) return;
      clearTimeout(timer);
      resolve(true);
    };
    store.onChange(look);
    look();
  });
  for (const { metadata, status } of store.list())
    write(`  ${metadata.name} is still there: ${(status as ModuleStatus | undefined)?.phase ?? "unseen"}`);
  following.abort();
  await watching;
  await connection.close();
  return isGone ? 0 : 1;
}
