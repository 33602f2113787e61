import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { UserStatus as StatusMessage, type UserSchema } from "@plinth/proto/identity/v1/identity_pb";
import type { User, UserStatus } from "../domain/user.ts";

const TO_MESSAGE: Record<UserStatus, StatusMessage> = {
  active: StatusMessage.ACTIVE,
  blocked: StatusMessage.BLOCKED,
  deleted: StatusMessage.DELETED,
};

export function userMessage(user: User): MessageInitShape<typeof UserSchema> {
  return {
    ...user,
    status: TO_MESSAGE[user.status],
    createdAt: timestampFromDate(user.createdAt),
    updatedAt: timestampFromDate(user.updatedAt),
  };
}

/** Undefined for "not said". */
export function statusOf(message: StatusMessage): UserStatus | undefined {
  return (Object.keys(TO_MESSAGE) as UserStatus[]).find((status) => TO_MESSAGE[status] === message);
}
