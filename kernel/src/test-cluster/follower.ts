import type { KubeClient } from "../kube/client.ts";
import { follow } from "../kube/follow.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { CONFIG_MAPS } from "./churn.ts";

/** What somebody knows who follows ConfigMaps. */
export interface Follower {
  /** Resource version by name. */
  readonly known: ReadonlyMap<string, string>;
  readonly replaces: number;
  /** How often an event came that cannot be: a change of what was unknown, or of what was known in this state or a later one. */
  readonly contradictions: readonly string[];
  readonly ended: boolean;
  stop(): Promise<void>;
}

export interface FollowerOptions {
  readonly labelSelector: string;
  readonly idleMs?: number;
  readonly watchList?: boolean;
}

export function startFollower(client: KubeClient, options: FollowerOptions): Follower {
  const known = new Map<string, string>();
  const contradictions: string[] = [];
  const stopped = new AbortController();
  let replaces = 0;
  let ended = false;
  const following = follow(client, CONFIG_MAPS, {
    namespace: "default",
    logger: silentLogger,
    signal: stopped.signal,
    ...options,
    onReplace(items) {
      replaces++;
      known.clear();
      for (const { metadata } of items) known.set(metadata.name, metadata.resourceVersion ?? "");
    },
    onEvent(type, { metadata: { name, resourceVersion = "" } }) {
      const before = known.get(name);
      if (type === "ADDED" ? before !== undefined : before === undefined || Number(before) >= Number(resourceVersion)) {
        contradictions.push(`${type} ${name} ${before} → ${resourceVersion}`);
      }
      if (type === "DELETED") known.delete(name);
      else known.set(name, resourceVersion);
    },
  }).finally(() => {
    ended = true;
  });
  return {
    known,
    contradictions,
    get replaces() {
      return replaces;
    },
    get ended() {
      return ended;
    },
    async stop() {
      stopped.abort();
      await following;
    },
  };
}
