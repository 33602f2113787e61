import type { Cache } from "../cache/cache.ts";
import type { ClientFactory } from "../client/client-factory.ts";
import type { ModuleStorage } from "./module-storage.ts";
import type { ServerParts } from "./servers.ts";
import type { Service } from "./service.ts";

export interface ServiceParts extends ServerParts {
  readonly cache: Cache;
  readonly clients: ClientFactory;
}

/** What a module's setup is given: thin words over the parts, and errors that name what module.yaml lacks. */
export function buildService(parts: ServiceParts): Service<unknown> {
  const { module, registrations, messaging, storage } = parts;
  const { name } = module.metadata;
  const needed = (what: string): ModuleStorage => {
    if (storage === undefined)
      throw new Error(`${name} uses ${what} and declares no database; add "database: {}" to the spec of its module.yaml.`);
    return storage;
  };
  return {
    name,
    version: module.spec.version,
    logger: parts.logger,
    config: parts.config,
    cache: parts.cache,
    modules: parts.place.allModules ?? parts.place.modules,
    discovery: parts.place.discovery,
    identity: parts.identity,
    userTokens: parts.userTokens,
    metrics: parts.metrics,
    tracing: parts.tracing,
    health: parts.health,
    get database() {
      return needed("a database").database;
    },
    get state() {
      return needed("state").state;
    },
    rpc: (service, handlers, options) => registrations.addService(service, handlers, options ?? {}),
    client: (callee, service) => parts.clients.client(callee, service),
    publish: (tx, schema, event) => messaging.publish(tx, schema, event),
    prepareEvents: (tx) => messaging.prepare(tx),
    subscribe: (schema, handler, options) => messaging.subscribe(schema, handler, options),
    subscribeTogether: (schema, handler, options) => messaging.subscribeTogether(schema, handler, options),
    listen: (schema, handler, options) => messaging.listen(schema, handler, options),
    audit: (tx, entry) => messaging.audit(tx, entry),
    job: (job, handler, options) => needed("jobs").jobs.define(job, handler, options),
    prepareJob: (tx, job, payload, options) => needed("jobs").jobs.prepare(tx, job, payload, options),
    enqueue: (tx, job, payload, options) => needed("jobs").jobs.enqueue(tx, job, payload, options),
    cron: (job, schedule, handler) => needed("jobs").jobs.cron(job, schedule, () => handler()),
    saga: (definition) => needed("sagas").sagas.define(definition),
    http: (method, path, handler, options) =>
      registrations.addRoute({ method, path, handler, access: options?.public === true ? "anyone" : "module" }),
    replaceHttpServer(server) {
      registrations.httpServer = server;
    },
    onDrain: (hook, run) => registrations.drainHooks.push({ name: hook, hook: run }),
    onStart: (hook, run) => registrations.startHooks.push({ name: hook, hook: run }),
    onStop: (hook, run) => registrations.stopHooks.push({ name: hook, hook: run }),
  };
}
