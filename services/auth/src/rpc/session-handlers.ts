import { unauthorized } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { AuthService } from "@plinth/proto/auth/v1/auth_pb";
import { logout, logoutAll, logoutByRefreshToken, revokeSession } from "../domain/end-sessions.ts";
import type { Ports } from "../domain/ports.ts";
import { sessionMessage } from "../messages/session-message.ts";
import { actingUser } from "./acting-user.ts";

type SessionHandlers = Pick<Handlers<typeof AuthService>, "logout" | "logoutAll" | "listSessions" | "revokeSession">;

export function sessionHandlers(ports: Ports): SessionHandlers {
  return {
    async logout({ refreshToken }, { user }) {
      if (user === undefined && refreshToken === undefined) {
        throw unauthorized("Send the access token, or the refresh token in refresh_token.", { reason: "MISSING_TOKEN" });
      }
      if (refreshToken !== undefined) await logoutByRefreshToken(ports, refreshToken);
      if (user !== undefined) await logout(ports, user, user.sessionId);
      return {};
    },

    async logoutAll({ keepCurrent }, context) {
      const user = actingUser(context, ports.revoked);
      return { revoked: await logoutAll(ports, user, keepCurrent ? user.sessionId : undefined) };
    },

    async listSessions({ pageSize, pageToken }, context) {
      const user = actingUser(context, ports.revoked);
      const page = await ports.sessions.listSessions(user, { size: pageSize, token: pageToken });
      return { sessions: page.items.map((session) => sessionMessage(session, user.sessionId)), nextPageToken: page.nextPageToken };
    },

    async revokeSession({ id }, context) {
      await revokeSession(ports, actingUser(context, ports.revoked), id);
      return {};
    },
  };
}
