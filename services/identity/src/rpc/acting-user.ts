import { notFound, type UserIdentity, unauthorized } from "@plinth/kernel/base";
import type { CallContext } from "@plinth/kernel/rpc";
import type { User } from "../domain/user.ts";
import type { UserStore } from "../domain/user-store.ts";

/** The end user of the call, by the verified access token. */
export function identityOf(context: CallContext): UserIdentity {
  if (!context.user) throw unauthorized("Sign in first.", { reason: "MISSING_TOKEN" });
  return context.user;
}

export async function actingUser(users: UserStore, context: CallContext): Promise<User> {
  return getUser(users, identityOf(context).id);
}

export async function getUser(users: UserStore, id: string): Promise<User> {
  const user = await users.findUser(id);
  if (!user) throw notFound(`There is no user ${id}.`, { reason: "USER_NOT_FOUND", metadata: { id } });
  return user;
}
