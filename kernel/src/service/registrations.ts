import type { DescService } from "@bufbuild/protobuf";
import type { RawRoute } from "../http/raw-routes.ts";
import type { Handlers } from "../rpc/handlers.ts";
import type { RpcService } from "../rpc/method-pipeline.ts";
import { bindingsOf } from "../rpc/transcoding/http-rules.ts";
import type { HttpServer } from "./service.ts";

export interface NamedHook {
  readonly name: string;
  readonly hook: () => Promise<void> | void;
}

/** What a module's setup has asked for; started when the setup is through. */
export class Registrations {
  readonly services: RpcService[] = [];
  /** Full names of the methods that have a REST form. */
  readonly restMethods = new Set<string>();
  readonly rawRoutes: RawRoute[] = [];
  readonly drainHooks: NamedHook[] = [];
  readonly startHooks: NamedHook[] = [];
  readonly stopHooks: NamedHook[] = [];
  httpServer: HttpServer | undefined = undefined;
  /** Set when the setup has returned: what is asked for later would never start. */
  #closed = false;

  addService<S extends DescService>(service: S, handlers: Handlers<S>, options: Pick<RpcService, "check" | "ownKeys">): void {
    this.#refuseLate(`rpc(${service.typeName})`);
    if (this.services.some((known) => known.service.typeName === service.typeName)) throw new Error(`${service.typeName} is served twice.`);
    for (const method of service.methods) if (bindingsOf(method).length > 0) this.restMethods.add(`${service.typeName}/${method.name}`);
    this.services.push({ service, handlers, ...options } as unknown as RpcService);
  }

  addRoute(route: RawRoute): void {
    this.#refuseLate(`http(${route.path})`);
    this.rawRoutes.push(route);
  }

  close(): void {
    this.#closed = true;
  }

  #refuseLate(what: string): void {
    if (this.#closed) throw new Error(`${what} came after the setup; call it in the function given to defineService.`);
  }
}
