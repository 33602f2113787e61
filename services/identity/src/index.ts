import { parseDuration } from "@plinth/kernel/base";
import { defineService } from "@plinth/kernel/service";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { IdentityService } from "@plinth/proto/identity/v1/identity_pb";
import { NotificationService } from "@plinth/proto/notification/v1/notification_pb";
import { resendVerification } from "./domain/email-verification.ts";
import { requestPasswordReset } from "./domain/password-reset.ts";
import type { Ports } from "./domain/ports.ts";
import { type AccountMailJob, mailSender } from "./jobs/send-mail.ts";
import { loadBreachedPasswords } from "./passwords/breached-passwords.ts";
import { HashingPool } from "./passwords/hashing-pool.ts";
import { createPasswordHasher } from "./passwords/password-hasher.ts";
import { accountPage } from "./rpc/account-pages.ts";
import { identityHandlers } from "./rpc/identity-handlers.ts";
import { UserEntity } from "./store/user-entity.ts";
import { UserEvents } from "./store/user-events.ts";
import { PostgresUserStore } from "./store/user-store.ts";

interface IdentityConfig {
  /** The gateway as users see it: where the links of mails lead. */
  readonly publicUrl: string;
  readonly argon2: { readonly memoryKiB: number; readonly passes: number; readonly parallelism: number };
  /** Hashings at once, and how many more may wait before new ones are told to come back. */
  readonly hashing: { readonly concurrency: number; readonly queue: number };
  /** Durations: `24h`. */
  readonly verificationLifetime: string;
  readonly resetLifetime: string;
}

export default defineService<IdentityConfig>(
  import.meta.url,
  (service) => {
    const { argon2, hashing } = service.config.value;
    const users = new PostgresUserStore(service.database, new UserEvents(service));
    const authz = service.client("authz", AuthzService);
    const ports: Ports = {
      users,
      hasher: createPasswordHasher(argon2, new HashingPool(hashing.concurrency, hashing.queue)),
      breachedPasswords: loadBreachedPasswords(),
      claimBootstrap: async (userId, token) => {
        await authz.claimBootstrap({ userId, bootstrapToken: token });
      },
      lifetimeMs: (purpose) => {
        const { verificationLifetime, resetLifetime } = service.config.value;
        return parseDuration(purpose === "verify-email" ? verificationLifetime : resetLifetime);
      },
      now: () => new Date(),
    };
    const queue = (job: string) => async (email: string) => {
      await service.database.transaction((tx) => service.enqueue(tx, job, { email }));
    };

    service.rpc(
      IdentityService,
      identityHandlers(ports, { resendVerification: queue("resend-verification"), requestPasswordReset: queue("request-password-reset") }),
    );
    for (const page of ["verify-email", "reset-password"] as const) service.http("get", `/account/${page}`, accountPage(page));
    service.job<{ email: string }>("resend-verification", ({ email }) => resendVerification(ports, email));
    service.job<{ email: string }>("request-password-reset", ({ email }) => requestPasswordReset(ports, email));
    service.job<AccountMailJob>(
      "send-mail",
      mailSender(service.client("notification", NotificationService), () => service.config.value.publicUrl),
    );
    service.cron("remove-expired-tokens", "17 3 * * *", () => users.removeExpiredTokens(new Date()));
  },
  { entities: [UserEntity] },
);
