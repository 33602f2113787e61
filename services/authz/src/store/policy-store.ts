import { conflict, notFound, type Page, type PageRequest } from "@plinth/kernel/base";
import { type Database, listEntityPage, onUniqueViolation, type Transaction } from "@plinth/kernel/database";
import type { PolicyStore, Written } from "../domain/access-store.ts";
import type { HeldRole } from "../domain/assignment.ts";
import { MAX_POLICIES, type Policy } from "../domain/policy.ts";
import type { SetVersion } from "../domain/set-version.ts";
import type { AccessEvents } from "./access-events.ts";
import { PolicyEntity } from "./entities.ts";
import { recordingRefusals } from "./refusals.ts";
import { listHeldRoles } from "./role-rows.ts";
import type { Change, TenantWrites } from "./tenant-writes.ts";

/** Policies in Postgres. */
export class PostgresPolicyStore implements PolicyStore {
  readonly #database: Database;
  readonly #writes: TenantWrites;
  readonly #events: AccessEvents;

  constructor(database: Database, writes: TenantWrites, events: AccessEvents) {
    this.#database = database;
    this.#writes = writes;
    this.#events = events;
  }

  insert(actorId: string, decide: (actor: readonly HeldRole[]) => Policy): Promise<Written<Policy>> {
    return this.#write("policy.created", "", async (change) => {
      const { tx } = change;
      const policy = decide(await listHeldRoles(tx, actorId, new Date()));
      if ((await tx.manager.countBy(PolicyEntity, { tenantId: tx.tenantId })) >= MAX_POLICIES) {
        throw conflict(`There are ${MAX_POLICIES} policies, which is the most; delete one first.`, { reason: "TOO_MANY_POLICIES" });
      }
      await tx.manager.insert(PolicyEntity, policy);
      await this.#events.policyChanged(tx, undefined, policy, await change.changeRules());
      return policy;
    }).catch(refuseName);
  }

  change(id: string, actorId: string, decide: (policy: Policy, actor: readonly HeldRole[]) => Policy): Promise<Written<Policy>> {
    return this.#write("policy.updated", id, async (change) => {
      const { tx } = change;
      const before = await getPolicy(tx, id);
      const after = decide(before, await listHeldRoles(tx, actorId, new Date()));
      if (after === before) return before;
      await tx.manager.update(PolicyEntity, { id }, after);
      await this.#events.policyChanged(tx, before, after, await change.changeRules());
      return after;
    });
  }

  async remove(id: string, actorId: string, decide: (policy: Policy, actor: readonly HeldRole[]) => void): Promise<SetVersion> {
    const { version } = await this.#write("policy.deleted", id, async (change) => {
      const { tx } = change;
      const policy = await getPolicy(tx, id);
      decide(policy, await listHeldRoles(tx, actorId, new Date()));
      await tx.manager.delete(PolicyEntity, { id });
      await this.#events.policyChanged(tx, policy, undefined, await change.changeRules());
    });
    return version;
  }

  findPolicy(id: string): Promise<Policy | undefined> {
    return this.#database.read((tx) => findPolicy(tx, id));
  }

  listPolicies(page: PageRequest): Promise<Page<Policy>> {
    return this.#database.read((tx) => {
      const query = tx.manager.createQueryBuilder(PolicyEntity, "policy").where("policy.tenantId = :tenantId", { tenantId: tx.tenantId });
      return listEntityPage(query, [{ by: "name", direction: "asc" }], page);
    });
  }

  #write<T>(action: string, id: string, work: (change: Change) => Promise<T>): Promise<Written<T>> {
    const attempt = { action, resource: "policy", resourceId: id };
    return recordingRefusals(this.#database, this.#events, attempt, () => this.#writes.write(work));
  }
}

async function findPolicy(tx: Transaction, id: string): Promise<Policy | undefined> {
  return (await tx.manager.findOneBy(PolicyEntity, { tenantId: tx.tenantId, id })) ?? undefined;
}

async function getPolicy(tx: Transaction, id: string): Promise<Policy> {
  const policy = await findPolicy(tx, id);
  if (policy === undefined) throw policyNotFound(id);
  return policy;
}

function policyNotFound(id: string): Error {
  return notFound(`There is no policy ${id}; see GET /api/v1/authz/policies.`, { reason: "POLICY_NOT_FOUND", metadata: { id } });
}

function refuseName(error: unknown): never {
  throw onUniqueViolation(error, (constraint) =>
    constraint === "policies_name_key"
      ? conflict("There is a policy of this name already; choose another name.", { reason: "POLICY_EXISTS" })
      : undefined,
  );
}
