import { EntitySchema } from "typeorm";
import { folded, type User } from "../domain/user.ts";

/** A user's row: the user, and the folded columns that make address and name unique whatever the case. */
export interface UserRow extends User {
  readonly emailFolded: string;
  readonly usernameFolded: string;
}

export const UserEntity = new EntitySchema<UserRow>({
  name: "User",
  tableName: "users",
  columns: {
    id: { type: "text", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    email: { type: "text" },
    emailFolded: { type: "text", name: "email_folded", select: false },
    username: { type: "text" },
    usernameFolded: { type: "text", name: "username_folded", select: false },
    firstName: { type: "text", name: "first_name" },
    lastName: { type: "text", name: "last_name" },
    emailVerified: { type: "boolean", name: "email_verified" },
    locale: { type: "text" },
    status: { type: "text" },
    createdAt: { type: "timestamptz", name: "created_at" },
    updatedAt: { type: "timestamptz", name: "updated_at" },
  },
});

export function rowOf(user: User): UserRow {
  return { ...user, emailFolded: folded(user.email), usernameFolded: folded(user.username) };
}
