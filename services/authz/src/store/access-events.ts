import type { Transaction } from "@plinth/kernel/database";
import type { AuditEntry, Service } from "@plinth/kernel/service";
import {
  PermissionGrantedSchema,
  PermissionRevokedSchema,
  RoleAssignedSchema,
  RoleChangedSchema,
  RoleRevokedSchema,
} from "@plinth/proto/authz/v1/events_pb";
import type { Assignment } from "../domain/assignment.ts";
import type { Policy } from "../domain/policy.ts";
import type { Role } from "../domain/role.ts";
import { formatVersion, type SetVersion } from "../domain/set-version.ts";

/** A policy may concern every role. */
const EVERY_ROLE = "*";
/** Characters of a text in an audit entry, which may be longer than an entry takes. */
const MAX_SHOWN = 4000;

/** Says who may do what from now on: to other modules, and to the audit trail. */
export class AccessEvents {
  readonly #service: Pick<Service<unknown>, "publish" | "audit">;

  constructor(service: Pick<Service<unknown>, "publish" | "audit">) {
    this.#service = service;
  }

  async assigned(tx: Transaction, after: Assignment, before: Assignment | undefined, version: SetVersion): Promise<void> {
    const { userId, role } = after;
    await this.#service.publish(tx, RoleAssignedSchema, { userId, role, version: formatVersion(version) });
    const metadata = { role, before: before === undefined ? "" : endOf(before), after: endOf(after) };
    await this.#audit(tx, "role.assigned", "user", userId, metadata);
  }

  async revoked(tx: Transaction, before: Assignment, version: SetVersion, cause: "revoked" | "expired" | "user-deleted"): Promise<void> {
    const { userId, role } = before;
    await this.#service.publish(tx, RoleRevokedSchema, { userId, role, version: formatVersion(version) });
    await this.#audit(tx, "role.revoked", "user", userId, { role, before: endOf(before), after: "", cause });
  }

  async bootstrapped(tx: Transaction, assignment: Assignment, version: SetVersion): Promise<void> {
    const { userId, role } = assignment;
    await this.#service.publish(tx, RoleAssignedSchema, { userId, role, version: formatVersion(version) });
    await this.#audit(tx, "bootstrap.claimed", "user", userId, { role }, userId);
  }

  /** Absent before: made; absent after: deleted. */
  async roleChanged(tx: Transaction, before: Role | undefined, after: Role | undefined, set: SetVersion): Promise<void> {
    const role = after?.name ?? before?.name ?? "";
    const version = formatVersion(set);
    await this.#service.publish(tx, RoleChangedSchema, { role, deleted: after === undefined, version });
    const had = heldBy(before);
    const has = heldBy(after);
    const granted = has.filter((pattern) => !had.includes(pattern));
    const revoked = had.filter((pattern) => !has.includes(pattern));
    if (granted.length > 0) await this.#service.publish(tx, PermissionGrantedSchema, { role, permissions: granted, version });
    if (revoked.length > 0) await this.#service.publish(tx, PermissionRevokedSchema, { role, permissions: revoked, version });
    const act =
      before === undefined ? "created" : after === undefined ? "deleted" : after.retired && !before.retired ? "retired" : "updated";
    const metadata = { before: shown(had), after: shown(has), version: String(after?.version ?? before?.version) };
    await this.#audit(tx, `role.${act}`, "role", role, metadata);
  }

  /** Absent before: made; absent after: deleted. */
  async policyChanged(tx: Transaction, before: Policy | undefined, after: Policy | undefined, set: SetVersion): Promise<void> {
    await this.#service.publish(tx, RoleChangedSchema, { role: EVERY_ROLE, deleted: false, version: formatVersion(set) });
    const act = before === undefined ? "created" : after === undefined ? "deleted" : "updated";
    const metadata = { name: after?.name ?? before?.name ?? "", before: policyText(before), after: policyText(after) };
    await this.#audit(tx, `policy.${act}`, "policy", after?.id ?? before?.id ?? "", metadata);
  }

  /** Something that was tried and refused. */
  async denied(
    tx: Transaction,
    action: string,
    resource: string,
    resourceId: string,
    metadata: Record<string, string>,
    userId?: string,
  ): Promise<void> {
    const entry: AuditEntry = { action, resource, resourceId, outcome: "denied", metadata };
    await this.#service.audit(tx, userId === undefined ? entry : { ...entry, userId });
  }

  async #audit(
    tx: Transaction,
    action: string,
    resource: string,
    resourceId: string,
    metadata: Record<string, string>,
    userId?: string,
  ): Promise<void> {
    const entry: AuditEntry = { action, resource, resourceId, outcome: "success", metadata };
    await this.#service.audit(tx, userId === undefined ? entry : { ...entry, userId });
  }
}

function heldBy(role: Role | undefined): readonly string[] {
  return role === undefined || role.retired ? [] : role.permissions;
}

function endOf({ expiresAt }: Assignment): string {
  return expiresAt === null ? "for good" : `until ${expiresAt.toISOString()}`;
}

function shown(permissions: readonly string[]): string {
  return shortened(permissions.join(" "));
}

function shortened(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function policyText(policy: Policy | undefined): string {
  if (policy === undefined) return "";
  const { effect, permission, expression, enabled } = policy;
  return shortened(`${enabled ? "" : "(off) "}${effect} ${permission} when ${expression}`);
}
