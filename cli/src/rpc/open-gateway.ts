import { Client, credentials } from "@grpc/grpc-js";
import { openFileDiscovery } from "@plinth/kernel/discovery";
import { silentLogger } from "@plinth/kernel/logging";
import { GATEWAY_MODULE } from "@plinth/module";
import { LOCAL_HOST, localFolders } from "../local/local-place.ts";
import { readModules } from "../local/read-modules.ts";
import { findProjectOrNone, type Project } from "../project.ts";

const DEFAULT_PORT = 8080;
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

export interface Gateway {
  readonly client: Client;
  readonly address: string;
}

/** A connection to the gateway: at `address`, else where the project's runs or would run. To be closed. */
export async function openGateway(address: string | undefined): Promise<Gateway> {
  const project = findProjectOrNone();
  const target = address ?? (await addressOfRunning(project)) ?? `${LOCAL_HOST}:${declaredPort(project)}`;
  const options = { "grpc.max_receive_message_length": MAX_MESSAGE_BYTES, "grpc.enable_http_proxy": 0 };
  return { client: new Client(target, credentials.createInsecure(), options), address: target };
}

/** As it was registered: its port may be another than the one declared. */
async function addressOfRunning(project: Project | undefined): Promise<string | undefined> {
  if (project === undefined) return undefined;
  const discovery = await openFileDiscovery(localFolders(project.dataFolder).instances, silentLogger);
  const [instance] = discovery.instances(GATEWAY_MODULE);
  await discovery.close();
  return instance === undefined ? undefined : `${instance.host}:${instance.httpPort}`;
}

function declaredPort(project: Project | undefined): number {
  const gateway = project && readModules(project).all.find(({ metadata }) => metadata.name === GATEWAY_MODULE);
  return gateway?.spec.ports?.http ?? DEFAULT_PORT;
}
