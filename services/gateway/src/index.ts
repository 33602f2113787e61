import { timestampMs } from "@bufbuild/protobuf/wkt";
import { runInContext } from "@plinth/kernel/base";
import { defineService } from "@plinth/kernel/service";
import { SessionRevokedSchema } from "@plinth/proto/auth/v1/events_pb";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import {
  PermissionGrantedSchema,
  PermissionRevokedSchema,
  RoleAssignedSchema,
  RoleChangedSchema,
  RoleRevokedSchema,
} from "@plinth/proto/authz/v1/events_pb";
import { createGateway } from "./create-gateway.ts";
import { CONFIG_KEYS, type GatewayConfig } from "./domain/settings.ts";

/** The life of an access token: who was revoked before that has no live one left. */
const LOOK_BACK_MS = 15 * 60_000;

export default defineService<GatewayConfig>(import.meta.url, (service) => {
  const authz = service.client("authz", AuthzService);
  const { version, modules, discovery, identity, userTokens, health, metrics, tracing, logger, config } = service;

  const gateway = createGateway(
    {
      version,
      modules,
      discovery,
      identity,
      userTokens,
      health,
      metrics,
      tracing,
      logger,
      async askAuthz(user, permission, requestId) {
        // The answer may serve several requests, so that no single one's end may cancel it; the call's own time-out bounds it.
        const { signal } = new AbortController();
        const context = { requestId, traceId: "", module: service.name, user, tenantId: user.tenantId, signal };
        return (await runInContext(context, () => authz.authorize({ userId: user.id, permission }))).authorized;
      },
    },
    config.value,
  );

  service.listen(
    SessionRevokedSchema,
    ({ sessionId, tokensExpireAt }) => {
      if (tokensExpireAt !== undefined) gateway.revokeSession(sessionId, timestampMs(tokensExpireAt));
    },
    { lookBackMs: LOOK_BACK_MS },
  );
  service.listen(RoleAssignedSchema, ({ userId }) => gateway.forgetGrants(userId));
  service.listen(RoleRevokedSchema, ({ userId }) => gateway.forgetGrants(userId));
  for (const schema of [RoleChangedSchema, PermissionGrantedSchema, PermissionRevokedSchema])
    service.listen(schema, () => gateway.forgetGrants());

  for (const key of CONFIG_KEYS) config.onChange(key, () => gateway.configure(config.value));

  service.replaceHttpServer({ listen: (host, port) => gateway.listen({ host, port }), close: (graceMs) => gateway.close(graceMs) });
});
