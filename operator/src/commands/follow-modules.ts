import { createKubeClient, type KubeClient, type KubeObject } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { KINDS } from "../kube/kinds.ts";
import { connect } from "../process/connect.ts";
import { runReflector } from "../runtime/reflector.ts";
import { createStore, type Store } from "../runtime/store.ts";

/** The Modules of this process's namespace, for a command that waits for something of them. */
export interface FollowedModules {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly store: Store<KubeObject>;
  /** Aborts when the following ends. */
  readonly signal: AbortSignal;
  end(): Promise<void>;
}

/** Begins to follow; the store fills by and by. */
export async function followModules(selector: string | undefined): Promise<FollowedModules> {
  const { connection, namespace } = await connect();
  const client = createKubeClient(connection, { logger: silentLogger });
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
  return {
    client,
    namespace,
    store,
    signal: following.signal,
    async end() {
      following.abort();
      await watching;
      await connection.close();
    },
  };
}
