import { timestampMs } from "@bufbuild/protobuf/wkt";
import { parseDuration, systemClock } from "@plinth/kernel/base";
import { defineService } from "@plinth/kernel/service";
import { AuthService } from "@plinth/proto/auth/v1/auth_pb";
import { SessionRevokedSchema } from "@plinth/proto/auth/v1/events_pb";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { UserDeletedSchema, UserPasswordChangedSchema, UserUpdatedSchema } from "@plinth/proto/identity/v1/events_pb";
import { IdentityService } from "@plinth/proto/identity/v1/identity_pb";
import { accountsOf } from "./clients/accounts.ts";
import { type AuthConfig, settingsOf } from "./config.ts";
import type { Ports } from "./domain/ports.ts";
import { createRevokedSessions } from "./domain/revoked-sessions.ts";
import { createAccessTokens } from "./keys/access-tokens.ts";
import { KeyRing } from "./keys/key-ring.ts";
import { createSealedBox } from "./keys/sealed-box.ts";
import { jwksHandler } from "./rpc/jwks.ts";
import { sessionHandlers } from "./rpc/session-handlers.ts";
import { tokenHandlers } from "./rpc/token-handlers.ts";
import { totpHandlers } from "./rpc/totp-handlers.ts";
import { PostgresGuardStore } from "./store/guard-store.ts";
import { Retention } from "./store/retention.ts";
import { PostgresSecondFactorStore } from "./store/second-factor-store.ts";
import { SessionEntity } from "./store/session-entity.ts";
import { SessionEvents } from "./store/session-events.ts";
import { PostgresSessionStore } from "./store/session-store.ts";
import { PostgresSigningKeyStore } from "./store/signing-key-store.ts";
import { onUserDeleted } from "./subscribers/on-user-deleted.ts";
import { onUserPasswordChanged } from "./subscribers/on-user-password-changed.ts";
import { onUserUpdated } from "./subscribers/on-user-updated.ts";

/** Revocations from just before the start come by the bus, older ones from the table. */
const LOOK_BACK_MS = 60_000;

export default defineService<AuthConfig>(
  import.meta.url,
  async (service) => {
    const { database, logger } = service;
    const { issuer, audience, accessLifetime, keyEncryptionKey } = service.config.value;
    const accessLifetimeMs = parseDuration(accessLifetime);
    const now = () => new Date();
    const settings = () => settingsOf(service.config.value, accessLifetimeMs);

    const ring = new KeyRing({
      store: new PostgresSigningKeyStore(database, createSealedBox(keyEncryptionKey, "signing keys"), logger),
      tokenLifetimeMs: accessLifetimeMs,
      rotationMs: () => parseDuration(service.config.value.keyRotation),
      logger,
      clock: systemClock,
    });
    const events = new SessionEvents(service, accessLifetimeMs);
    const sessions = new PostgresSessionStore(database, events);
    const retention = new Retention(database);
    const ports: Ports = {
      accounts: accountsOf(service.client("identity", IdentityService), service.client("authz", AuthzService)),
      sessions,
      guards: new PostgresGuardStore(database, events),
      secondFactors: new PostgresSecondFactorStore(database, createSealedBox(keyEncryptionKey, "second factors"), service),
      tokens: createAccessTokens(ring, { issuer, audience, now }),
      revoked: createRevokedSessions(systemClock),
      settings,
      now,
    };
    await ring.start();
    for (const { id, revokedAt } of await retention.revokedSince(new Date(Date.now() - accessLifetimeMs))) {
      ports.revoked.add(id, revokedAt.getTime() + accessLifetimeMs);
    }

    service.rpc(AuthService, {
      ...tokenHandlers(ports, ring, { issuer, audience }, systemClock.sleep),
      ...sessionHandlers(ports),
      ...totpHandlers(ports),
    });
    service.http(
      "get",
      "/.well-known/jwks.json",
      jwksHandler(() => ring.published()),
      { public: true },
    );
    service.subscribe(UserUpdatedSchema, onUserUpdated(sessions));
    service.subscribe(UserDeletedSchema, onUserDeleted(sessions));
    service.subscribe(UserPasswordChangedSchema, onUserPasswordChanged(sessions));
    service.listen(
      SessionRevokedSchema,
      ({ sessionId, tokensExpireAt }) => {
        if (tokensExpireAt) ports.revoked.add(sessionId, timestampMs(tokensExpireAt));
      },
      { lookBackMs: LOOK_BACK_MS },
    );
    service.cron("drop-successors", "* * * * *", () => retention.dropSuccessors(now(), settings()));
    service.cron("remove-sessions", "11 * * * *", () => retention.removeSessions(now(), settings()));
    service.cron("remove-traces", "41 3 * * *", () => retention.removeTraces(now(), settings()));
    service.cron("rotate-signing-keys", "29 * * * *", () => ring.maintain());
  },
  { entities: [SessionEntity] },
);
