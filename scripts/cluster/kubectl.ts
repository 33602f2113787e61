import { run } from "./run.ts";
import type { Cluster } from "./settings.ts";

/** Runs kubectl as the administrator of the cluster and returns its output. */
export type Kubectl = (args: readonly string[], input?: string) => string;

export function kubectlFor(cluster: Cluster, program: string): Kubectl {
  return (args, input) =>
    run(program, [`--kubeconfig=${cluster.kubeconfig}`, "--request-timeout=10s", ...args], input === undefined ? {} : { input });
}

export function answers(kubectl: Kubectl, args: readonly string[], expected: (output: string) => boolean = () => true): boolean {
  try {
    return expected(kubectl(args));
  } catch {
    return false;
  }
}
