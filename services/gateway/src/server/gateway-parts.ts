import type { ServerHttp2Stream } from "node:http2";
import type { ServiceIdentity } from "@plinth/kernel/identity";
import type { Logger } from "@plinth/kernel/logging";
import type { Metrics, Tracing } from "@plinth/kernel/telemetry";
import type { Admission } from "../domain/admission.ts";
import type { ResponseCache } from "../domain/response-cache.ts";
import type { Routing } from "../domain/routing.ts";
import type { Settings } from "../domain/settings.ts";
import type { Upstreams } from "../proxy/upstreams.ts";
import type { ClientAddress } from "./client-address.ts";

/** What changes while the gateway runs. Requests read it when they begin. */
export interface GatewayState {
  settings: Settings;
  routing: Routing;
  clientAddress: ClientAddress;
  /** True from the beginning of a stop: answers tell clients to connect anew. */
  draining: boolean;
}

/** An answer that the gateway gives itself. */
export interface OwnAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Further headers, flat. */
  readonly headers?: readonly string[];
}

/** What every request needs, made once. */
export interface GatewayParts {
  readonly state: GatewayState;
  readonly admission: Admission;
  readonly upstreams: Upstreams;
  readonly identity: Pick<ServiceIdentity, "tokenFor">;
  readonly cache: ResponseCache;
  readonly tracing: Pick<Tracing, "startSpan">;
  readonly metrics: Pick<Metrics, "httpServer" | "rpcServer">;
  readonly logger: Logger;
  /** GET on exactly these paths is answered here. */
  readonly ownPaths: ReadonlyMap<string, () => Promise<OwnAnswer> | OwnAnswer>;
  /** Native gRPC calls that are answered here, by path: health and reflection. */
  readonly ownCalls: ReadonlyMap<string, (stream: ServerHttp2Stream) => void>;
}
