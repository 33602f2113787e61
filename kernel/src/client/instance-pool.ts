import type { Clock } from "../base/clock.ts";
import type { Discovery, Instance } from "../discovery/discovery.ts";
import { InstanceChannel } from "./instance-channel.ts";

/** The instances of one callee as discovery tells them, each with its connection. */
export interface InstancePool {
  /**
   * The instance for the next try: the least loaded of those that are well, in turn where they are equal. When none is well, any, because
   * trying is better than refusing. `avoid` failed just now and is taken only when it is the only one. Undefined: no instance is known.
   */
  pick(avoid?: InstanceChannel): InstanceChannel | undefined;
  close(): void;
}

/** `onHope` is called when an instance comes that was not known before, or one that was unreachable is connected again. */
export function createInstancePool(discovery: Discovery, callee: string, clock: Clock, onHope: () => void): InstancePool {
  let channels: InstanceChannel[] = [];
  let turn = 0;

  const stopWatching = discovery.watch(callee, (instances) => {
    const before = channels;
    channels = instances.map(
      (instance) => before.find((channel) => sameAddress(channel.instance, instance)) ?? new InstanceChannel(instance, clock, onHope),
    );
    for (const channel of before) if (!channels.includes(channel)) channel.retire();
    if (channels.some((channel) => !before.includes(channel))) onHope();
  });

  return {
    pick(avoid) {
      const count = channels.length;
      if (count <= 1) return channels[0];
      const now = clock.elapsed();
      const start = turn++ % count;
      let best: InstanceChannel | undefined;
      let bestRank = Number.POSITIVE_INFINITY;
      for (let step = 0; step < count; step++) {
        const channel = channels[(start + step) % count] as InstanceChannel;
        const rank =
          channel.running + (channel.isPreferred(now) ? 0 : 1e6) + (channel.isDisconnected ? 1e7 : 0) + (channel === avoid ? 1e8 : 0);
        if (rank >= bestRank) continue;
        best = channel;
        bestRank = rank;
      }
      return best;
    },
    close() {
      stopWatching();
      for (const channel of channels) channel.retire();
      channels = [];
    },
  };
}

/** A process that starts again has the same id, maybe at the same address, and needs no other connection then. */
function sameAddress(one: Instance, other: Instance): boolean {
  return one.id === other.id && one.host === other.host && one.grpcPort === other.grpcPort;
}
