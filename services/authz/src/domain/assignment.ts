import { conflict, notFound, validation } from "@plinth/kernel/base";
import { refuseEscalation } from "./escalation.ts";
import { Grants } from "./grants.ts";
import { PLATFORM_ADMIN, type Role, USER_ROLE } from "./role.ts";

/** That a user has a role. */
export interface Assignment {
  readonly userId: string;
  readonly role: string;
  readonly assignedAt: Date;
  /** Who gave it; empty for the platform itself. */
  readonly assignedBy: string;
  /** When it ends; null: never. */
  readonly expiresAt: Date | null;
}

/** A role somebody has, and until when. */
export interface HeldRole {
  readonly role: Role;
  readonly expiresAt: Date | null;
}

/** What is known when a role is about to be given or taken; read under the lock under which it is written. */
export interface AssignmentState {
  /** What the acting user has now. */
  readonly actor: readonly HeldRole[];
  readonly role: Role | undefined;
  /** The assignment in question, where there is one. */
  readonly current: Assignment | undefined;
  /** Roles that the user in question has already. */
  readonly count: number;
  /** Others who are platform administrator for good. */
  readonly otherAdmins: number;
}

export interface WantedAssignment {
  readonly userId: string;
  readonly role: string;
  readonly expiresAt: Date | null;
}

/** Roles of one user. Each check of a user that is not in memory reads them all. */
export const MAX_USER_ROLES = 100;

/** The assignment as it is to be; the current one where nothing changes. */
export function assignRole(state: AssignmentState, wanted: WantedAssignment, actorId: string, now: Date): Assignment {
  const { role, current } = state;
  if (role === undefined || role.retired) throw roleNotFound(wanted.role);
  if (role.name === USER_ROLE) {
    if (wanted.expiresAt === null) return { ...wanted, assignedAt: now, assignedBy: "" };
    throw validation({ expires_at: `every user has the role ${USER_ROLE} for good; leave expires_at out` });
  }
  refuseEscalation(grantsUntil(state.actor, wanted.expiresAt), role.permissions, `the role ${role.name}`);
  if (current !== undefined && current.expiresAt?.getTime() === wanted.expiresAt?.getTime()) return current;
  if (current !== undefined && wanted.expiresAt !== null) refuseLastAdmin(state);
  if (current === undefined && state.count >= MAX_USER_ROLES) {
    throw conflict(`User ${wanted.userId} has ${state.count} roles, which is the most; take one, or make one role of several.`, {
      reason: "TOO_MANY_ROLES",
    });
  }
  return { ...wanted, assignedAt: now, assignedBy: actorId };
}

/** Whether there is something to take. Who may not give a role may not take it. */
export function mayRevoke(state: AssignmentState, roleName: string): boolean {
  if (roleName === USER_ROLE) {
    throw conflict(`Every user has the role ${USER_ROLE}; it cannot be taken.`, { reason: "ROLE_IMPLICIT" });
  }
  if (state.role !== undefined) refuseEscalation(grantsUntil(state.actor, null), state.role.permissions, `the role ${state.role.name}`);
  if (state.current === undefined) return false;
  refuseLastAdmin(state);
  return true;
}

/** What somebody has at least until then; null: for good. Who is administrator for a day cannot make one for a year. */
export function grantsUntil(held: readonly HeldRole[], until: Date | null): Grants {
  const lasting = held.filter(({ expiresAt }) => expiresAt === null || (until !== null && expiresAt >= until));
  return new Grants(lasting.filter(({ role }) => !role.retired).map(({ role }) => role));
}

/** Throws CONFLICT, reason LAST_ADMIN. One who is administrator for a time does not count: the time will be up. */
function refuseLastAdmin({ current, otherAdmins }: AssignmentState): void {
  if (current?.role !== PLATFORM_ADMIN || current.expiresAt !== null || otherAdmins > 0) return;
  throw conflict(`${current.userId} is the last platform administrator; make another one first.`, {
    reason: "LAST_ADMIN",
    metadata: { user_id: current.userId },
  });
}

export function roleNotFound(name: string): Error {
  return notFound(`There is no role ${name}; see GET /api/v1/authz/roles.`, { reason: "ROLE_NOT_FOUND", metadata: { role: name } });
}
