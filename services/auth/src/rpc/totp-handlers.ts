import type { Handlers } from "@plinth/kernel/rpc";
import type { AuthService } from "@plinth/proto/auth/v1/auth_pb";
import type { Ports } from "../domain/ports.ts";
import { confirmTotp, disableTotp, enrollTotp } from "../domain/totp.ts";
import { actingUser, clientOfCall } from "./acting-user.ts";

type TotpHandlers = Pick<Handlers<typeof AuthService>, "enrollTotp" | "confirmTotp" | "disableTotp">;

export function totpHandlers(ports: Ports): TotpHandlers {
  return {
    async enrollTotp({ password }, context) {
      const { secret, uri } = await enrollTotp(ports, actingUser(context, ports.revoked), password, clientOfCall(context));
      return { secret, otpauthUri: uri };
    },

    async confirmTotp({ code }, context) {
      return { recoveryCodes: await confirmTotp(ports, actingUser(context, ports.revoked), code) };
    },

    async disableTotp({ password, code }, context) {
      await disableTotp(ports, actingUser(context, ports.revoked), password, code, clientOfCall(context));
      return {};
    },
  };
}
