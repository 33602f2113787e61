import { PlinthError, unauthorized } from "@plinth/kernel/base";
import { DEFAULT_HTTP_LIMITS } from "@plinth/kernel/http";
import { silentLogger } from "@plinth/kernel/logging";
import { createServers, DEFAULT_GRPC_LIMITS, type Handlers, type RpcService } from "@plinth/kernel/rpc";
import { EchoService } from "@plinth/proto/testing/v1/echo_pb";
import { testUserTokens } from "./start-gateway.ts";

/** The echo service as a module behind the gateway. */
export interface EchoModule {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** How many Count streams are open. */
  readonly counting: () => number;
  /** Resolves when no Count stream is open any more. */
  readonly idle: () => Promise<void>;
  close(): Promise<void>;
}

export async function startEcho(): Promise<EchoModule> {
  let counting = 0;
  let onIdle: (() => void) | undefined;
  const handlers: Handlers<typeof EchoService> = {
    echo: (request, context) => ({ message: `${request.message} from ${context.user?.id ?? "nobody"} of ${context.tenantId}` }),
    async *count(request, context) {
      counting++;
      try {
        for (let value = 1; value <= request.to; value++) {
          if (value === request.failAt) throw new PlinthError("CONFLICT", "Told to fail here.", { reason: "FAIL_AT" });
          yield { value };
          // Without an end a stream lasts until its caller goes away.
          if (value === request.to && request.to === 999) await aborted(context.signal);
        }
      } finally {
        counting--;
        if (counting === 0) onIdle?.();
      }
    },
    echoRaw: ({ payload }) => ({ payload }),
    getNote: ({ name }) => ({ id: name }),
    listNotes: () => ({}),
    createNote: () => ({}),
    publishNote: ({ id }) => ({ id }),
    weigh: () => ({}),
    fail: (request) => {
      throw new PlinthError("CONFLICT", "Told to fail.", { reason: "TOLD_TO_FAIL", metadata: { asked: request.code } });
    },
  };
  const servers = createServers({
    module: "echo",
    version: "1.0.0",
    host: "127.0.0.1",
    ports: { http: 0, grpc: 0 },
    services: [{ service: EchoService, handlers } as unknown as RpcService],
    rawRoutes: [],
    identity: {
      tokenFor: (callee) => callee,
      verify(token) {
        if (token !== "service-token-for-echo") throw unauthorized("This is no service token.", { reason: "INVALID_TOKEN" });
        return "gateway";
      },
      close: async () => undefined,
    },
    matrix: { checkMethod() {}, checkEndpoint() {} },
    userTokens: testUserTokens(),
    logger: silentLogger,
    defaultTimeoutMs: 10_000,
    httpLimits: DEFAULT_HTTP_LIMITS,
    grpcLimits: DEFAULT_GRPC_LIMITS,
  });
  const { http = 0, grpc = 0 } = await servers.start();
  return {
    httpPort: http,
    grpcPort: grpc,
    counting: () => counting,
    idle: () =>
      new Promise((resolve) => {
        if (counting === 0) resolve();
        else onIdle = resolve;
      }),
    close: () => servers.stop(100),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
