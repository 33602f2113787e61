import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createDnsDiscovery, type DeclaredPorts, type Discovery, openEndpointSliceDiscovery } from "@plinth/kernel/discovery";
import { createKubeClient, type KubeClient, type KubeConnection } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import { type ConfigMapModuleSet, type ModuleSet, openConfigMapModuleSet, openKubernetesModuleSet } from "@plinth/kernel/modules";
import { GATEWAY_MODULE } from "@plinth/module";
import type { RunningModule } from "../local/module-host.ts";
import { runModule } from "../local/module-runner.ts";
import { createClusterPlace, TOKEN_MODULE } from "./cluster-place.ts";
import { type PodEnvironment, serviceZone } from "./pod-environment.ts";
import type { PodFolders } from "./pod-files.ts";

export interface JoinClusterOptions {
  readonly module: string;
  /** With a folder for the module's code, as in the image. */
  readonly servicesFolder: string;
  readonly pod: PodEnvironment;
  readonly folders: PodFolders;
  /** Taken over: closed at the stop, and where the start fails. */
  readonly connection: KubeConnection;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  /** How long ports go on serving after the pod is not ready any more. */
  readonly lingerMs?: number;
  onFatal(error: unknown): void;
}

/** They follow all modules; the operator lets only them. */
const FOLLOWERS = [GATEWAY_MODULE, "authz"];
/** Routes to a pod go away while it sleeps before its stop; this is for those who are late to hear of it. */
const LINGER_MS = 2000;

/** Runs one module in this process, as one of its replicas in a cluster. */
export async function joinCluster(options: JoinClusterOptions): Promise<RunningModule> {
  const { module: name, servicesFolder, pod, folders, connection, env, logger, lingerMs = LINGER_MS, onFatal } = options;
  const leaving: (() => Promise<void>)[] = [() => connection.close()];
  const leave = async (): Promise<void> => {
    for (const step of leaving.toReversed())
      await step().catch((error: unknown) => logger.warn("The pod was not left in order", { error }));
  };
  try {
    const folder = join(servicesFolder, name);
    if (!existsSync(folder)) throw new Error(`This image holds no code of module ${name}: there is no ${folder}.`);
    const client = createKubeClient(connection, { logger });
    const common = { client, namespace: pod.namespace, logger };
    const modules = await openConfigMapModuleSet({ ...common, module: name });
    leaving.push(modules.close);
    const allModules = FOLLOWERS.includes(name) ? await openKubernetesModuleSet(common) : undefined;
    if (allModules !== undefined) leaving.push(allModules.close);
    const discovery = await openDiscovery(pod, client, modules, allModules, logger);
    leaving.push(() => discovery.close());
    const place = createClusterPlace({ pod, folders, client, modules, allModules, discovery, env, logger, onFatal });
    const running = await runModule(modules.own, folder, place);
    return {
      ports: running.ports,
      drain: () => running.drain(),
      async stop() {
        await running.drain();
        await delay(lingerMs);
        await running.stop();
        await leave();
      },
    };
  } catch (error) {
    await leave();
    throw error;
  }
}

async function openDiscovery(
  pod: PodEnvironment,
  client: KubeClient,
  modules: ConfigMapModuleSet,
  allModules: ModuleSet | undefined,
  logger: Logger,
): Promise<Discovery> {
  if (pod.discovery === "kubernetes") return openEndpointSliceDiscovery({ client, namespace: pod.namespace, logger });
  const declared = (name: string): DeclaredPorts | undefined => {
    const known = (allModules ?? modules).current.modules.find(({ metadata }) => metadata.name === name);
    // Of some neighbours only their calls are told.
    return known?.spec.ports === undefined ? undefined : { ...known.spec.ports, version: known.spec.version };
  };
  const discovery = createDnsDiscovery({ zone: serviceZone(pod.namespace), declared, logger });
  // At hand before the first user comes.
  discovery.watch(TOKEN_MODULE, () => {});
  return discovery;
}
