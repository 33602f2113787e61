import { EntitySchema } from "typeorm";
import type { Session } from "../domain/session.ts";

/** A session without the hash of its refresh token, which is only ever looked for. */
export const SessionEntity = new EntitySchema<Session>({
  name: "Session",
  tableName: "sessions",
  columns: {
    id: { type: "text", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    userId: { type: "text", name: "user_id" },
    email: { type: "text" },
    address: { type: "text" },
    userAgent: { type: "text", name: "user_agent" },
    createdAt: { type: "timestamptz", name: "created_at" },
    lastUsedAt: { type: "timestamptz", name: "last_used_at" },
    expiresAt: { type: "timestamptz", name: "expires_at" },
    revokedAt: { type: "timestamptz", name: "revoked_at", nullable: true },
  },
});
