import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { SessionSchema } from "@plinth/proto/auth/v1/auth_pb";
import type { Session } from "../domain/session.ts";

export function sessionMessage(session: Session, currentId: string): MessageInitShape<typeof SessionSchema> {
  return {
    id: session.id,
    ipAddress: session.address,
    userAgent: session.userAgent,
    createdAt: timestampFromDate(session.createdAt),
    lastUsedAt: timestampFromDate(session.lastUsedAt),
    expiresAt: timestampFromDate(session.expiresAt),
    current: session.id === currentId,
  };
}
