import {
  badRequest,
  forbidden,
  notFound,
  PlinthError,
  rateLimited,
  type UserIdentity,
  unauthorized,
  unavailable,
} from "@plinth/kernel/base";
import type { UserTokens } from "@plinth/kernel/identity";
import type { KeyedRateLimiter, RateLimitAnswer } from "@plinth/kernel/resilience";
import type { Grants } from "./grants.ts";
import { isRpcPath, type Protocol, UNIMPLEMENTED } from "./protocol.ts";
import type { RevokedSessions } from "./revoked-sessions.ts";
import type { RoutePolicy } from "./route-policy.ts";
import type { Routing } from "./routing.ts";
import type { Settings } from "./settings.ts";
import { publicTenant } from "./tenant.ts";

/** A request on its way through the gateway, whatever transport it came by. Admission fills in what it finds out. */
export interface Inbound {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly protocol: Protocol;
  readonly clientAddress: string;
  readonly requestId: string;
  /** `name` is lower case. */
  header(name: string): string | undefined;
  policy: RoutePolicy | undefined;
  serverStreaming: boolean;
  readOnly: boolean;
  user: UserIdentity | undefined;
  tenantId: string;
  /** The narrowest limit that counted this request; told by `RateLimit-*`. */
  limit: RateLimitAnswer | undefined;
}

/** Hears the verdict, at once where all answers are at hand. Exactly one of the two is called, once. */
export interface AdmissionTarget {
  admitted(): void;
  refused(error: PlinthError): void;
}

/** What admission asks. `settings` and `routing` are read anew for each request: they change while the gateway runs. */
export interface AdmissionParts {
  readonly state: { readonly settings: Settings; readonly routing: Routing };
  readonly limiter: KeyedRateLimiter;
  readonly userTokens: UserTokens;
  readonly revoked: RevokedSessions;
  readonly grants: Grants;
}

/** Limits, route, token, permission, in this order. No promise is made where the token and the grant are known. */
export class Admission {
  #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  begin(inbound: Inbound, target: AdmissionTarget): void {
    try {
      const token = this.#untilToken(inbound);
      if (token === undefined) {
        this.#identified(inbound, target, undefined);
        return;
      }
      const user = this.#parts.userTokens.verify(token);
      if (!(user instanceof Promise)) {
        this.#identified(inbound, target, user);
        return;
      }
      user.then((found) => this.#identified(inbound, target, found)).catch((error: unknown) => target.refused(PlinthError.from(error)));
    } catch (error) {
      target.refused(PlinthError.from(error));
    }
  }

  /** Counts against the address and answers the limit's refusal; for what the gateway answers itself. */
  checkAddress(inbound: Inbound): void {
    const { state, limiter } = this.#parts;
    this.#count(inbound, limiter.take(inbound.clientAddress, state.settings.addressLimit));
  }

  #untilToken(inbound: Inbound): string | undefined {
    const { settings, routing } = this.#parts.state;
    this.checkAddress(inbound);
    if (settings.maintenance) {
      throw unavailable("The platform is under maintenance.", {
        reason: "MAINTENANCE",
        retryAfterSeconds: settings.maintenanceRetrySeconds,
      });
    }
    const policy = findRoute(routing, inbound);
    inbound.policy = policy;
    checkLength(inbound, policy);
    return bearerToken(inbound.header("authorization"), policy);
  }

  #identified(inbound: Inbound, target: AdmissionTarget, user: UserIdentity | undefined): void {
    const { revoked, limiter, grants, state } = this.#parts;
    const policy = inbound.policy as RoutePolicy;
    try {
      if (user !== undefined) {
        if (revoked.has(user.sessionId)) throw unauthorized("The session is over. Sign in again.", { reason: "SESSION_REVOKED" });
        inbound.user = user;
        inbound.tenantId = user.tenantId;
      } else {
        inbound.tenantId = publicTenant(
          state.settings,
          inbound.header("host") ?? inbound.header(":authority"),
          inbound.header("x-tenant-id"),
        );
      }
      if (user !== undefined && !policy.isPublic) {
        const own = policy.limit;
        const answer =
          own === undefined ? limiter.take(`u|${user.id}`, state.settings.userLimit) : limiter.take(`${policy.id}|u|${user.id}`, own);
        this.#count(inbound, answer);
      } else if (policy.limit !== undefined) {
        this.#count(inbound, limiter.take(`${policy.id}|${inbound.clientAddress}`, policy.limit));
      }
      if (policy.permission === undefined || user === undefined) {
        target.admitted();
        return;
      }
      const granted = grants.allows(user, policy.permission, inbound.requestId);
      if (granted === true) {
        target.admitted();
        return;
      }
      this.#whenAnswered(granted, policy.permission, target);
    } catch (error) {
      target.refused(PlinthError.from(error));
    }
  }

  #whenAnswered(granted: Promise<boolean>, permission: string, target: AdmissionTarget): void {
    granted.then(
      (allowed) => (allowed ? target.admitted() : target.refused(permissionDenied(permission))),
      // Whoever cannot be asked does not allow.
      (error: unknown) => target.refused(PlinthError.from(error)),
    );
  }

  #count(inbound: Inbound, answer: RateLimitAnswer): void {
    inbound.limit = answer;
    if (answer.allowed) return;
    throw rateLimited("Too many requests. Try again later.", { retryAfterSeconds: Math.max(1, Math.ceil(answer.retryAfterMs / 1000)) });
  }
}

function permissionDenied(permission: string): PlinthError {
  return forbidden(`This needs the permission ${permission}.`, { reason: "PERMISSION_DENIED", metadata: { permission } });
}

function findRoute(routing: Routing, inbound: Inbound): RoutePolicy {
  const { method, path } = inbound;
  const rpc = routing.rpc(path);
  if (rpc !== undefined && (method === "POST" || (method === "GET" && rpc.readOnly))) {
    inbound.serverStreaming = rpc.serverStreaming;
    inbound.readOnly = rpc.readOnly;
    return rpc.policy;
  }
  const policy = inbound.protocol === "rest" ? routing.match(method, path) : undefined;
  if (policy !== undefined) return policy;
  if (isRpcPath(path) && routing.pending) {
    throw unavailable("The modules' methods are not known yet.", { reason: "METHODS_NOT_KNOWN", retryAfterSeconds: 1 });
  }
  if (isRpcPath(path)) throw notFound("There is no such method here.", { reason: UNIMPLEMENTED, metadata: { method: path.slice(1) } });
  const allowed = routing.methodsAt(path);
  if (allowed.length > 0 && inbound.protocol === "rest") {
    throw badRequest(`${method} is not answered here.`, { reason: "METHOD_NOT_ALLOWED", metadata: { allow: allowed.join(", ") } });
  }
  throw notFound("There is nothing at this path.", { reason: "ROUTE_NOT_FOUND" });
}

function checkLength(inbound: Inbound, policy: RoutePolicy): void {
  const length = inbound.header("content-length");
  if (length !== undefined && Number(length) > policy.bodyLimitBytes) throw bodyTooLarge(policy.bodyLimitBytes);
}

/** The error of a body over its limit, which also chunked ones may reach while they come in. */
export function bodyTooLarge(limit: number): PlinthError {
  return badRequest(`The body is larger than ${limit} bytes.`, { reason: "BODY_TOO_LARGE", metadata: { limit: String(limit) } });
}

/** Undefined only on public routes. A token that is there must be good there too. */
function bearerToken(authorization: string | undefined, policy: RoutePolicy): string | undefined {
  if (authorization === undefined || authorization === "") {
    if (policy.isPublic) return undefined;
    throw unauthorized("An access token is needed: Authorization: Bearer <token>.", { reason: "MISSING_TOKEN" });
  }
  const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1];
  if (token === undefined) throw unauthorized("The Authorization header must be: Bearer <token>.", { reason: "INVALID_TOKEN" });
  return token;
}
