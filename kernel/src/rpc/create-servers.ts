import type { DescService } from "@bufbuild/protobuf";
import type { Express } from "express";
import type { Health } from "../health/health.ts";
import { healthRoutes } from "../http/health-routes.ts";
import type { RawRoute } from "../http/raw-routes.ts";
import { createHttpServer } from "../http/server.ts";
import type { CorsSettings, HttpLimits } from "../http/settings.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { createConnectHandler } from "./connect-routes.ts";
import { addGrpcHealth } from "./grpc-health.ts";
import { addReflection } from "./grpc-reflection.ts";
import { bindGrpcServer, createGrpcServer, type GrpcLimits, stopGrpcServer } from "./grpc-server.ts";
import { type ChainParts, prepareService, type RpcService } from "./method-pipeline.ts";
import { mountRawRoutes } from "./mount-raw-routes.ts";
import { mountDocumentation } from "./openapi/mount-documentation.ts";
import { createRestHandler } from "./transcoding/rest-handler.ts";

export interface ServersOptions extends ChainParts {
  readonly version: string;
  /** The address both ports bind to. */
  readonly host: string;
  /** 0 takes any free port; an absent one is not served. */
  readonly ports: { readonly http?: number | undefined; readonly grpc?: number | undefined };
  readonly services: readonly RpcService[];
  readonly rawRoutes: readonly RawRoute[];
  readonly health?: Health | undefined;
  readonly metrics?: Metrics | undefined;
  readonly cors?: CorsSettings | undefined;
  readonly httpLimits: HttpLimits;
  readonly grpcLimits: GrpcLimits;
}

/** The two ports of a service. */
export interface Servers {
  /** Binds both; answers the ports. A port that cannot be bound gives the other one back. */
  start(): Promise<{ readonly http: number | undefined; readonly grpc: number | undefined }>;
  /** What `grpc.health.v1` answers; NOT_SERVING until told otherwise. */
  setServing(serving: boolean): void;
  /** Stops accepting (GOAWAY on gRPC), lets running calls end for `graceMs`, then cuts. */
  stop(graceMs: number): Promise<void>;
}

/** Serves `services` by gRPC on one port, and by REST, Connect and gRPC-Web on the other. */
export function createServers(options: ServersOptions): Servers {
  const prepared = options.services.map((service) => prepareService(service, options));
  const descriptors: DescService[] = options.services.map(({ service }) => service);

  const grpc = createGrpcServer(prepared, options.grpcLimits);
  const grpcHealth = addGrpcHealth(
    grpc,
    descriptors.map((service) => service.typeName),
  );
  addReflection(grpc, descriptors);

  const rest = createRestHandler(prepared, options.httpLimits.maxBodyBytes);
  const connect = createConnectHandler(prepared, options.httpLimits.maxBodyBytes, options.logger);
  const http = createHttpServer({
    host: options.host,
    port: options.ports.http ?? 0,
    limits: options.httpLimits,
    cors: options.cors,
    logger: options.logger,
    mount(app: Express) {
      // REST first, for it is what most requests are; it knows its own paths, and so does Connect.
      app.use((request, response, next) => {
        if (!rest(request, response) && !connect(request, response)) next();
      });
      app.use(healthRoutes(options.health, options.metrics));
      mountDocumentation(app, { title: options.module, version: options.version, services: descriptors });
      mountRawRoutes(app, options.rawRoutes, options);
    },
  });

  return {
    async start() {
      const httpPort = options.ports.http === undefined ? undefined : await http.start();
      try {
        const grpcPort = options.ports.grpc === undefined ? undefined : await bindGrpcServer(grpc, options.host, options.ports.grpc);
        return { http: httpPort, grpc: grpcPort };
      } catch (error) {
        await http.stop(0);
        throw error;
      }
    },
    setServing: (serving) => grpcHealth.set(serving),
    async stop(graceMs) {
      grpcHealth.set(false);
      await Promise.all([http.stop(graceMs), stopGrpcServer(grpc, graceMs)]);
    },
  };
}
