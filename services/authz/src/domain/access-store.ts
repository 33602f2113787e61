import type { Page, PageRequest } from "@plinth/kernel/base";
import type { Assignment, AssignmentState, HeldRole } from "./assignment.ts";
import type { Policy } from "./policy.ts";
import type { Role } from "./role.ts";
import type { SetVersion } from "./set-version.ts";

/** What decisions in a tenant rest on, as it was at one moment. */
export interface AccessSnapshot {
  readonly version: SetVersion;
  /** Of the user in question, expired ones included. */
  readonly assignments: readonly Assignment[];
  /** Absent where they were not asked for. */
  readonly rules?: { readonly roles: readonly Role[]; readonly policies: readonly Policy[] };
}

export interface AccessReader {
  /** Reads all from one snapshot of the primary database, so that what is read last is not older than what was read first. */
  readAccess(tenantId: string, userId: string, withRules: boolean): Promise<AccessSnapshot>;
}

/** What a write came to. */
export interface Written<T> {
  readonly value: T;
  /** Has the change; where nothing changed, what was there. */
  readonly version: SetVersion;
}

/*
 * All writes of a tenant happen one after the other, so what `decide` is given is still true when its answer is written.
 * Each writes rows, events and audit entry in one transaction. Where `decide` throws, nothing is written but an audit
 * entry of the refusal.
 */

export interface AssignmentStore {
  /** Applies `decide` to the state under the tenant's lock; the same assignment as before writes nothing. */
  assign(userId: string, role: string, actorId: string, decide: (state: AssignmentState) => Assignment): Promise<Written<Assignment>>;
  /** Takes the role when `decide` answers true. */
  revoke(userId: string, role: string, actorId: string, decide: (state: AssignmentState) => boolean): Promise<SetVersion>;
  /** Removes what has run out, in every tenant; answers how many. */
  removeExpired(now: Date): Promise<number>;
}

export interface RoleStore {
  /** Throws CONFLICT, reason ROLE_EXISTS or TOO_MANY_ROLES. */
  insert(actorId: string, decide: (actor: readonly HeldRole[]) => Role): Promise<Written<Role>>;
  /** Applies `decide` to the role under the tenant's lock. Throws NOT_FOUND, reason ROLE_NOT_FOUND. */
  change(name: string, actorId: string, decide: (role: Role, actor: readonly HeldRole[]) => Role): Promise<Written<Role>>;
  /** Removes the role, also from everyone who has it, unless `decide` throws. */
  remove(name: string, actorId: string, decide: (role: Role, actor: readonly HeldRole[]) => void): Promise<SetVersion>;
  findRole(name: string): Promise<Role | undefined>;
  /** By name; a role of the tenant's own hides a module's role of the same name. */
  listRoles(page: PageRequest): Promise<Page<Role>>;
}

export interface PolicyStore {
  /** Throws CONFLICT, reason POLICY_EXISTS or TOO_MANY_POLICIES. */
  insert(actorId: string, decide: (actor: readonly HeldRole[]) => Policy): Promise<Written<Policy>>;
  /** Applies `decide` to the policy under the tenant's lock. Throws NOT_FOUND, reason POLICY_NOT_FOUND. */
  change(id: string, actorId: string, decide: (policy: Policy, actor: readonly HeldRole[]) => Policy): Promise<Written<Policy>>;
  remove(id: string, actorId: string, decide: (policy: Policy, actor: readonly HeldRole[]) => void): Promise<SetVersion>;
  findPolicy(id: string): Promise<Policy | undefined>;
  /** By name. */
  listPolicies(page: PageRequest): Promise<Page<Policy>>;
}

/** A permission that a module declares, or did. */
export interface Permission {
  readonly code: string;
  readonly description: string;
  readonly module: string;
  /** Its module is gone, or declares it no more. */
  readonly retired: boolean;
}

export interface PermissionStore {
  /** By code. */
  listPermissions(module: string | undefined, page: PageRequest): Promise<Page<Permission>>;
}

export interface BootstrapStore {
  /**
   * Spends the token and makes the user platform administrator. Undefined: somebody else has spent it, or this user did
   * and is no administrator any more.
   */
  claim(tokenHash: Buffer, userId: string): Promise<SetVersion | undefined>;
  /** Leaves an audit entry. */
  recordRefusal(userId: string): Promise<void>;
}
