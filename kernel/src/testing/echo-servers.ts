import { EchoService } from "@plinth/proto/testing/v1/echo_pb";
import { DEFAULT_HTTP_LIMITS } from "../http/settings.ts";
import { createServers, type Servers, type ServersOptions } from "../rpc/create-servers.ts";
import { DEFAULT_GRPC_LIMITS } from "../rpc/limits.ts";
import { type LogLine, plainChain } from "./echo-chain.ts";
import { createEchoProbe, type EchoProbe, echoHandlers } from "./echo-handlers.ts";

/** The echo service on two ports of its own. */
export interface EchoServers {
  readonly probe: EchoProbe;
  readonly lines: LogLine[];
  readonly servers: Servers;
  readonly grpcPort: number;
  readonly httpUrl: string;
}

export async function startEchoServers(changes: Partial<ServersOptions> = {}): Promise<EchoServers> {
  const probe = createEchoProbe();
  const lines: LogLine[] = [];
  const servers = createServers({
    ...plainChain(lines),
    version: "1.0.0",
    host: "127.0.0.1",
    ports: { http: 0, grpc: 0 },
    services: [{ service: EchoService, handlers: echoHandlers(probe) }],
    rawRoutes: [],
    httpLimits: DEFAULT_HTTP_LIMITS,
    grpcLimits: DEFAULT_GRPC_LIMITS,
    ...changes,
  });
  const { http, grpc } = await servers.start();
  return { probe, lines, servers, grpcPort: grpc ?? 0, httpUrl: `http://127.0.0.1:${http}` };
}
