import type { ServiceHarness } from "./service-harness.ts";
import type { ServiceProcess } from "./start-service-process.ts";

/** Instances of a module in processes of their own, of which now and then one is killed and replaced. */
export interface KilledProcesses {
  /** Any of those that live, by the random numbers of the test. */
  any(): ServiceProcess;
  /** Kills one in the middle of whatever it does (`any` unless given), and starts another. */
  killOne(victim?: ServiceProcess): Promise<void>;
  /** So far. */
  readonly kills: number;
}

export async function startKilledProcesses(
  harness: ServiceHarness,
  module: string,
  count: number,
  random: () => number,
): Promise<KilledProcesses> {
  const alive = await Promise.all(Array.from({ length: count }, () => harness.startProcess(module)));
  let kills = 0;
  const any = (): ServiceProcess => {
    const chosen = alive[Math.floor(random() * alive.length)];
    if (chosen === undefined) throw new Error(`No process of ${module} is alive.`);
    return chosen;
  };
  return {
    any,
    async killOne(victim = any()) {
      kills++;
      alive.splice(alive.indexOf(victim), 1);
      await victim.kill();
      alive.push(await harness.startProcess(module));
    },
    get kills() {
      return kills;
    },
  };
}
