import { parseDuration } from "@plinth/kernel/base";
import { defineService } from "@plinth/kernel/service";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import {
  PermissionGrantedSchema,
  PermissionRevokedSchema,
  RoleAssignedSchema,
  RoleChangedSchema,
  RoleRevokedSchema,
} from "@plinth/proto/authz/v1/events_pb";
import { UserDeletedSchema } from "@plinth/proto/identity/v1/events_pb";
import { createSubjects } from "./domain/subjects.ts";
import { assignmentHandlers } from "./rpc/assignment-handlers.ts";
import { decisionHandlers } from "./rpc/decision-handlers.ts";
import { policyHandlers } from "./rpc/policy-handlers.ts";
import { roleHandlers } from "./rpc/role-handlers.ts";
import { AccessEvents } from "./store/access-events.ts";
import { PostgresAccessReader } from "./store/access-reader.ts";
import { PostgresAssignmentStore } from "./store/assignment-store.ts";
import { PostgresDeclaredStore } from "./store/declared-store.ts";
import { AssignmentEntity, PolicyEntity } from "./store/entities.ts";
import { PostgresPolicyStore } from "./store/policy-store.ts";
import { PostgresRoleStore } from "./store/role-store.ts";
import { TenantWrites } from "./store/tenant-writes.ts";
import { followModules } from "./subscribers/follow-modules.ts";
import { onRulesChanged, onUserRolesChanged } from "./subscribers/on-access-changed.ts";
import { onUserDeleted } from "./subscribers/on-user-deleted.ts";

interface AuthzConfig {
  readonly cachedUsers: number;
  /** Duration: `500ms`. */
  readonly versionWait: string;
  readonly bootstrapToken?: string;
}

/** Users may be read into memory between the start of the servers and that of the bus: changes of this time are heard as well. */
const LOOK_BACK = { lookBackMs: 60_000 };

export default defineService<AuthzConfig>(
  import.meta.url,
  (service) => {
    const { database, config, logger } = service;
    const subjects = createSubjects({
      reader: new PostgresAccessReader(database),
      maxUsers: config.value.cachedUsers,
      versionWaitMs: () => parseDuration(config.value.versionWait),
    });
    const events = new AccessEvents(service);
    const writes = new TenantWrites(database, subjects);
    const assignments = new PostgresAssignmentStore(database, writes, events);
    const declared = new PostgresDeclaredStore(database, writes, events);
    const modules = followModules(service.modules, (access) => declared.follow(access), logger);

    service.rpc(AuthzService, {
      ...decisionHandlers(subjects),
      ...assignmentHandlers(assignments, () => config.value.bootstrapToken),
      ...roleHandlers(new PostgresRoleStore(database, writes, events), declared, modules.knows),
      ...policyHandlers(new PostgresPolicyStore(database, writes, events)),
    });
    service.listen(RoleAssignedSchema, onUserRolesChanged(subjects), LOOK_BACK);
    service.listen(RoleRevokedSchema, onUserRolesChanged(subjects), LOOK_BACK);
    service.listen(RoleChangedSchema, onRulesChanged(subjects), LOOK_BACK);
    service.listen(PermissionGrantedSchema, onRulesChanged(subjects), LOOK_BACK);
    service.listen(PermissionRevokedSchema, onRulesChanged(subjects), LOOK_BACK);
    service.subscribe(
      UserDeletedSchema,
      onUserDeleted((tx, userId) => assignments.removeUser(tx, userId), logger),
    );
    service.cron("remove-expired-roles", "* * * * *", async () => {
      await assignments.removeExpired(new Date());
    });
    service.onStart("modules", () => modules.start());
    service.onStop("modules", () => modules.stop());
  },
  { entities: [AssignmentEntity, PolicyEntity] },
);
