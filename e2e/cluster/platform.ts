import { eventually } from "@plinth/kernel/testing";
import { getObject, helm } from "./kubectl.ts";

/** Where the chart is installed for these stories, and under which name. */
export const NAMESPACE = "plinth";
export const RELEASE = "plinth";

/** One address alone asks fifty times a second here, for as long as a slow machine takes to roll out. */
const NO_ADDRESS_LIMIT = "modules.gateway.config.addressLimit.requests=1000000";

/** The command of the README, waiting included. */
export async function installPlatform(...more: string[]): Promise<void> {
  await helm(
    ...["upgrade", "--install", RELEASE, "charts/plinth", "--namespace", NAMESPACE, "--create-namespace"],
    ...["-f", "charts/plinth/values-dev.yaml", "--set", NO_ADDRESS_LIMIT, "--wait", "--timeout", "8m", ...more],
  );
}

/** What a Module says of itself. */
export interface ModuleState {
  readonly metadata: { readonly name: string; readonly generation: number; readonly deletionTimestamp?: string };
  readonly spec: { readonly version: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly phase?: string;
    readonly version?: string;
    readonly readyReplicas?: number;
    readonly problems?: readonly { readonly reason: string; readonly path: string; readonly message: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
  };
}

export const getModule = (name: string): Promise<ModuleState> => getObject<ModuleState>("module", name, "-n", NAMESPACE);

/** Waits until the Module looks as `wanted` says; tells in the end how it looked. */
export async function untilModule(
  name: string,
  what: string,
  wanted: (module: ModuleState) => boolean,
  patienceMs = 120_000,
): Promise<ModuleState> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const module = await getModule(name);
    if (wanted(module)) return module;
    if (performance.now() > giveUpAt)
      throw new Error(`Module ${name} never came to it: ${what}. It is: ${JSON.stringify(module.status, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

export const conditionOf = (module: ModuleState, type: string) => module.status?.conditions?.find((condition) => condition.type === type);

/** The gateway's Service as the node reaches it. */
export async function gatewayUrl(): Promise<string> {
  const service = await getObject<{ spec: { clusterIP: string; ports: { name: string; port: number }[] } }>(
    "service",
    "gateway",
    "-n",
    NAMESPACE,
  );
  return `http://${service.spec.clusterIP}:${service.spec.ports.find(({ name }) => name === "http")?.port}`;
}

/** The gateway's answer, once it is one with this status. */
export function untilAnswer(url: string, status: number): Promise<string> {
  return eventually(async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    const body = await response.text();
    return response.status === status && body;
  });
}
