import { badRequest, PlinthError } from "../base/errors.ts";
import { TENANT_ID, type UserIdentity } from "../base/request-context.ts";
import type { ServiceIdentity, UserTokens } from "../identity/identity.ts";
import type { Matrix } from "../matrix/matrix.ts";
import type { Call } from "./call.ts";

/** What decides who may come in. */
export interface Gatekeepers {
  readonly identity: ServiceIdentity;
  readonly matrix: Matrix;
  readonly userTokens?: UserTokens | undefined;
}

const BEARER = "bearer ";

/**
 * Who calls, may they, and for whom: service token, matrix, user token, in this order. Sets caller, tenant and user of
 * the call. A promise only where a token has not been verified before.
 */
export function admit(gate: Gatekeepers, call: Call, method: string): void | Promise<void> {
  const caller = gate.identity.verify(call.header("x-service-token"));
  if (typeof caller === "string") return admitCaller(gate, call, method, caller);
  return caller.then((verified) => admitCaller(gate, call, method, verified));
}

function admitCaller(gate: Gatekeepers, call: Call, method: string, caller: string): void | Promise<void> {
  gate.matrix.checkMethod(caller, method);
  call.caller = caller;
  // A plain header, but from a module that has shown who it is; a user's own token has the last word.
  const tenantId = tenantOf(call.header("x-tenant-id"));
  if (tenantId !== undefined) call.tenantId = tenantId;
  const user = userOf(gate, call.header("authorization"));
  if (user === undefined) return undefined;
  if (user instanceof Promise) return user.then((verified) => admitUser(call, verified));
  return admitUser(call, user);
}

/** The tenant a header names. Throws BAD_REQUEST for what cannot be one. */
export function tenantOf(header: string | undefined): string | undefined {
  if (header === undefined || header === "") return undefined;
  if (TENANT_ID.test(header)) return header;
  throw badRequest("x-tenant-id is not the id of a tenant.", { reason: "INVALID_TENANT" });
}

/** Credentials of another scheme than Bearer are the handler's own affair. */
export function userOf(gate: Gatekeepers, authorization: string | undefined): UserIdentity | Promise<UserIdentity> | undefined {
  if (authorization === undefined || authorization.length <= BEARER.length) return undefined;
  if (authorization.slice(0, BEARER.length).toLowerCase() !== BEARER) return undefined;
  if (gate.userTokens === undefined) {
    throw new PlinthError("UNAUTHORIZED", "This service takes no user tokens.", { reason: "INVALID_TOKEN" });
  }
  return gate.userTokens.verify(authorization.slice(BEARER.length).trim());
}

function admitUser(call: Call, user: UserIdentity): void {
  call.user = user;
  call.tenantId = user.tenantId;
}
