import { availableParallelism } from "node:os";
import { defineService } from "@plinth/kernel/service";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { IdentityService } from "@plinth/proto/identity/v1/identity_pb";
import { NotificationService } from "@plinth/proto/notification/v1/notification_pb";
import { resendVerification } from "./domain/email-verification.ts";
import { requestPasswordReset } from "./domain/password-reset.ts";
import type { Ports } from "./domain/ports.ts";
import { loadBreachedPasswords } from "./passwords/breached-passwords.ts";
import { HashingPool } from "./passwords/hashing-pool.ts";
import { createPasswordHasher } from "./passwords/password-hasher.ts";
import { identityHandlers } from "./rpc/identity-handlers.ts";
import { UserEntity } from "./store/user-entity.ts";
import { UserEvents } from "./store/user-events.ts";
import { PostgresUserStore } from "./store/user-store.ts";
import { type AccountMailJob, mailSender } from "./jobs/send-mail.ts";

interface IdentityConfig {
  readonly argon2: { readonly memoryKiB: number; readonly passes: number; readonly parallelism: number };
  /** How many hashings may wait for each one that runs, before new ones are told to come back. */
  readonly hashingQueuePerCore: number;
  /** Where the links of mails lead; the token is appended. */
  readonly links: { readonly verifyEmail: string; readonly resetPassword: string };
}

export default defineService<IdentityConfig>(
  import.meta.url,
  (service) => {
    const { argon2, hashingQueuePerCore } = service.config.value;
    const cores = availableParallelism();
    const users = new PostgresUserStore(service.database, new UserEvents(service));
    const authz = service.client("authz", AuthzService);
    const ports: Ports = {
      users,
      hasher: createPasswordHasher(argon2, new HashingPool(cores, cores * hashingQueuePerCore)),
      breachedPasswords: loadBreachedPasswords(),
      claimBootstrap: async (userId, token) => {
        await authz.claimBootstrap({ userId, bootstrapToken: token });
      },
      now: () => new Date(),
    };
    const queue = (job: string) => (email: string) => service.database.transaction((tx) => service.enqueue(tx, job, { email }));

    service.rpc(
      IdentityService,
      identityHandlers(ports, { resendVerification: queue("resend-verification"), requestPasswordReset: queue("request-password-reset") }, authz),
    );
    service.job<{ email: string }>("resend-verification", ({ email }) => resendVerification(ports, email));
    service.job<{ email: string }>("request-password-reset", ({ email }) => requestPasswordReset(ports, email));
    service.job<AccountMailJob>("send-mail", mailSender(service.client("notification", NotificationService), () => service.config.value.links));
    service.cron("remove-expired-tokens", "17 3 * * *", () => users.removeExpiredTokens(new Date()));
  },
  { entities: [UserEntity] },
);
