import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { notFound } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { IdentityService } from "@plinth/proto/identity/v1/identity_pb";
import { spendVerificationToken } from "../domain/email-verification.ts";
import { importUsers } from "../domain/import.ts";
import { changePassword, confirmPassword, verifyPassword } from "../domain/password-check.ts";
import { resetPassword } from "../domain/password-reset.ts";
import type { Ports } from "../domain/ports.ts";
import { register } from "../domain/registration.ts";
import { changeUser, eraseUser } from "../domain/user.ts";
import { actingUser, getUser, identityOf } from "./acting-user.ts";
import { statusOf, userMessage } from "./user-message.ts";

/** Work that is queued so that its caller cannot see whether an address is known. */
export interface QuietWork {
  resendVerification(email: string): Promise<void>;
  requestPasswordReset(email: string): Promise<void>;
}

export function identityHandlers(ports: Ports, quiet: QuietWork): Handlers<typeof IdentityService> {
  const { users } = ports;
  return {
    async register(request, context) {
      context.restStatus = 201;
      return userMessage(await register(ports, { ...request, tenantId: context.tenantId }));
    },

    async verifyEmail({ token }) {
      return { userId: (await spendVerificationToken(ports, token)).id };
    },

    async resendVerification({ email }) {
      await quiet.resendVerification(email);
      return {};
    },

    async requestPasswordReset({ email }) {
      await quiet.requestPasswordReset(email);
      return {};
    },

    async resetPassword({ token, newPassword }) {
      await resetPassword(ports, token, newPassword);
      return {};
    },

    async verifyPassword({ email, password, tenantId }, context) {
      const { valid, user } = await verifyPassword(ports, email, password, tenantId || context.tenantId);
      return { valid, knownUserId: user?.id ?? "", ...(valid && user ? { user: userMessage(user) } : {}) };
    },

    async changePassword({ currentPassword, newPassword }, context) {
      const user = await actingUser(users, context);
      await changePassword(ports, user, { current: currentPassword, next: newPassword }, identityOf(context).sessionId);
      return {};
    },

    async getMe(_request, context) {
      return userMessage(await actingUser(users, context));
    },

    async updateMe(request, context) {
      return userMessage(await users.change(identityOf(context).id, (user) => changeUser(user, request, ports.now())));
    },

    async getUser({ id }) {
      return userMessage(await getUser(users, id));
    },

    async getUserByEmail({ email }) {
      const user = await users.findByEmail(email);
      if (!user) throw notFound("There is no user with this email address.", { reason: "USER_NOT_FOUND" });
      return userMessage(user);
    },

    async listUsers({ prefix, status, pageSize, pageToken }) {
      const page = await users.listUsers({ prefix, status: statusOf(status) }, { size: pageSize, token: pageToken });
      return { users: page.items.map(userMessage), nextPageToken: page.nextPageToken };
    },

    async createUser(request, context) {
      context.restStatus = 201;
      return userMessage(await register(ports, { ...request, password: request.password, tenantId: context.tenantId }));
    },

    async updateUser({ id, status, ...change }) {
      const named = status === undefined ? undefined : statusOf(status);
      const wanted = named === "active" || named === "blocked" ? named : undefined;
      return userMessage(await users.change(id, (user) => changeUser(user, { ...change, status: wanted }, ports.now())));
    },

    async deleteUser({ id }) {
      await users.erase(id, (user) => eraseUser(user, ports.now()));
      return {};
    },

    async importUsers(request, context) {
      const failures = await importUsers(ports, context.tenantId, request.users);
      return { imported: request.users.length - failures.length, failures };
    },

    async exportUserData(request, context) {
      const id = request.id === "me" ? identityOf(context).id : request.id;
      const user = await getUser(users, id);
      const history = await users.listHistory(id);
      return {
        user: userMessage(user),
        history: history.map(({ action, at }) => ({ action, at: timestampFromDate(at) })),
        exportedAt: timestampFromDate(ports.now()),
      };
    },

    async eraseUser({ password }, context) {
      const user = await actingUser(users, context);
      await confirmPassword(ports, user, password);
      await users.erase(user.id, (found) => eraseUser(found, ports.now()));
      return {};
    },
  };
}
