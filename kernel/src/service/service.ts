import type { DescMessage, DescService, MessageInitShape } from "@bufbuild/protobuf";
import type { Cache } from "../cache/cache.ts";
import type { Client } from "../client/client.ts";
import type { Config } from "../config/config.ts";
import type { Database, Statement, Transaction } from "../database/database.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { AuditEntry } from "../events/audit-entry.ts";
import type { BroadcastHandler, EventHandler, EventsHandler, SubscriptionOptions } from "../events/event-handlers.ts";
import type { PreparedEvents } from "../events/prepared-events.ts";
import type { Health } from "../health/health.ts";
import type { RawHandler, RawRoute } from "../http/raw-routes.ts";
import type { ServiceIdentity, UserTokens } from "../identity/identity.ts";
import type { EnqueueOptions, JobHandler, JobOptions, PreparedJob } from "../jobs/jobs.ts";
import type { Logger } from "../logging/logger.ts";
import type { ModuleSet } from "../modules/module-set.ts";
import type { Handlers } from "../rpc/handlers.ts";
import type { RequestCheck } from "../rpc/method-pipeline.ts";
import type { SagaDefinition } from "../sagas/saga.ts";
import type { SagaRunner } from "../sagas/sagas.ts";
import type { StateStore } from "../state/state-store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracing } from "../telemetry/tracing.ts";

/** A server that a module brings itself. */
export interface HttpServer {
  /** Answers the port once it accepts connections there; port 0 takes any free one. */
  listen(host: string, port: number): Promise<number>;
  /** Stops accepting, resolves when what is in flight is finished or `graceMs` has passed. */
  close(graceMs: number): Promise<void>;
}

/** What a module's `src/index.ts` is given: everything the module declared, ready to use. */
export interface Service<ModuleConfig> {
  readonly name: string;
  readonly version: string;
  readonly logger: Logger;
  readonly config: Config<ModuleConfig>;
  /** Throws at start when module.yaml declares no database. */
  readonly database: Database;
  readonly cache: Cache;
  /** The set of modules here, followed as it changes. In a cluster gateway and authz see all that serve, others whom they have to do with. */
  readonly modules: ModuleSet;
  readonly discovery: Discovery;
  /** Who this module is towards others. */
  readonly identity: ServiceIdentity;
  /** Verifies end users' access tokens. */
  readonly userTokens: UserTokens;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly health: Health;

  /**
   * Serves `handlers` by gRPC, gRPC-Web, Connect and REST. `check` sees each request first, and may refuse it before anything of it is kept. `ownKeys`
   * names methods that keep Idempotency-Keys themselves, with what they make: those of all others are kept for them.
   */
  rpc<S extends DescService>(
    service: S,
    handlers: Handlers<S>,
    options?: { check?: RequestCheck; ownKeys?: readonly (keyof S["method"] & string)[] },
  ): void;
  /** A typed client for a declared call; throws at start when module.yaml does not declare it. */
  client<S extends DescService>(module: string, service: S): Client<S>;

  /** Writes the event to the outbox in the caller's transaction: it is sent if and only if `tx` commits. */
  publish<M extends DescMessage>(tx: Transaction, schema: M, event: MessageInitShape<M>): Promise<void>;
  /** Events for a statement that is a transaction of its own, and writes to the outbox itself; see `PreparedEvents`. */
  prepareEvents(tx: Statement): PreparedEvents;
  /** Each event takes effect once: the handler's writes in `tx` commit together with the inbox row. */
  subscribe<M extends DescMessage>(schema: M, handler: EventHandler<M>, options?: SubscriptionOptions<M>): void;
  /**
   * The same for a module that takes many events of one type, and no others: they may wait `gatherMs` for more of them, and those of one tenant are then
   * handled in one go. One that fails holds up the others until it has become a dead letter.
   */
  subscribeTogether<M extends DescMessage>(schema: M, handler: EventsHandler<M>, options: { gatherMs: number }): void;
  /** Every running instance hears every event, from `lookBackMs` before its start on; for caches, not for effects. */
  listen<M extends DescMessage>(schema: M, handler: BroadcastHandler<M>, options?: { lookBackMs?: number }): void;

  /** Written to the outbox in the caller's transaction: nothing is lost while the audit module is away. */
  audit(tx: Transaction, entry: AuditEntry): Promise<void>;

  /** Says how jobs of this name are done. A job that throws is tried again with growing pauses, `maxAttempts` times (12 unless said). */
  job<Payload>(name: string, handler: JobHandler<Payload>, options?: JobOptions): void;
  /** Queues a job in the caller's transaction: it is done, at least once, if and only if `tx` commits. */
  enqueue(tx: Transaction, name: string, payload: unknown, options?: EnqueueOptions): Promise<string>;
  /** The same for a statement that writes something else as well. */
  prepareJob(tx: Statement, name: string, payload: unknown, options?: EnqueueOptions): PreparedJob;
  /** Runs `handler` by a five-field cron line in UTC, once across all replicas. */
  cron(name: string, schedule: string, handler: () => Promise<void>): void;
  /** Says how sagas of this name are done; what a dead process left is taken up by any replica. */
  saga<Input, State extends object>(definition: SagaDefinition<Input, State>): SagaRunner<Input, State>;
  /** Small values with ETag and time to live, in the module's schema. */
  readonly state: StateStore;

  /** A plain HTTP route for what no proto describes: key sets, feeds. `public`: without a service token. */
  http(method: RawRoute["method"], path: string, handler: RawHandler, options?: { public?: boolean }): void;
  /** Takes the place of the kernel's HTTP server: for the gateway, which has its own hot path. */
  replaceHttpServer(server: HttpServer): void;

  /** Runs first at a stop, while ports still serve: for streams without an end, which would hold the stop back. */
  onDrain(name: string, hook: () => Promise<void> | void): void;
  onStart(name: string, hook: () => Promise<void> | void): void;
  /** Runs in reverse order at a stop, and when the start fails: then perhaps before its own start hook ran. */
  onStop(name: string, hook: () => Promise<void> | void): void;
}
