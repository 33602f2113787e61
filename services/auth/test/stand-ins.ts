import type { DescMessage, DescService, MessageInitShape } from "@bufbuild/protobuf";
import { newId } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import { defineService, type Service, type ServiceDefinition } from "@plinth/kernel/service";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { IdentityService } from "@plinth/proto/identity/v1/identity_pb";

/** A user of the stand-in for identity. */
export interface TestUser {
  readonly id: string;
  email: string;
  password: string;
  blocked: boolean;
  readonly tenantId: string;
  roles: string[];
}

export interface StandIns {
  readonly services: ServiceDefinition<never>[];
  addUser(tenantId?: string): TestUser;
  /** Whether authz fails to say the roles. */
  rolesFail: boolean;
  /** As identity, by its outbox. */
  publish<M extends DescMessage>(schema: M, event: MessageInitShape<M>): Promise<void>;
}

/** What auth calls, without argon2 and rules: two real services over real sockets, with users in memory. */
export function standIns(): StandIns {
  let publisher: Service<unknown> | undefined;
  const users: TestUser[] = [];
  const find = (email: string, tenantId: string) =>
    users.find((user) => user.email.toLowerCase() === email.toLowerCase() && user.tenantId === tenantId);
  const message = ({ id, email, tenantId }: TestUser) => ({ id, email, tenantId });

  const identity = defineService(entryOf("identity"), (service) => {
    publisher = service;
    service.rpc(IdentityService, {
      ...refuseAll(IdentityService),
      verifyPassword({ email, password, tenantId }) {
        const user = find(email, tenantId);
        const valid = user !== undefined && user.password === password && !user.blocked;
        return { valid, knownUserId: user?.id ?? "", ...(valid ? { user: message(user) } : {}) };
      },
      getUser({ id }) {
        const user = users.find((one) => one.id === id);
        if (user === undefined) throw new Error(`no user ${id}`);
        return message(user);
      },
    });
  });
  const authz = defineService(entryOf("authz"), (service) => {
    service.rpc(AuthzService, {
      ...refuseAll(AuthzService),
      getUserRoles({ userId }) {
        if (standIn.rolesFail) throw new Error("authz is ill");
        return { assignments: (users.find(({ id }) => id === userId)?.roles ?? []).map((role) => ({ role })) };
      },
    });
  });
  const standIn: StandIns = {
    services: [identity, authz] as ServiceDefinition<never>[],
    rolesFail: false,
    addUser(tenantId = "default") {
      const id = newId("user");
      const user: TestUser = { id, email: `${id}@example.com`, password: "right password", blocked: false, tenantId, roles: ["user"] };
      users.push(user);
      return user;
    },
    async publish(schema, event) {
      await publisher?.database.transaction(async (tx) => publisher?.publish(tx, schema, event));
    },
  };
  return standIn;
}

function entryOf(module: string): string {
  return new URL(`../../${module}/src/index.ts`, import.meta.url).href;
}

/** Every method must be there; those that auth does not call are not expected. */
function refuseAll<S extends DescService>(service: S): Handlers<S> {
  const refuse = (): never => {
    throw new Error("not expected");
  };
  const handlers: unknown = Object.fromEntries(service.methods.map(({ localName }) => [localName, refuse]));
  return handlers as Handlers<S>;
}
