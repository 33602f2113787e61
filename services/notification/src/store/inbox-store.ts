import { listEntityPage, type Transaction } from "@plinth/kernel/database";
import { InboxChangedSchema } from "@plinth/proto/notification/v1/events_pb";
import type { InboxStore } from "../domain/inbox.ts";
import type { Outlets } from "./delivery-store.ts";
import { InboxEntity } from "./entities.ts";

const NEWEST_FIRST = [
  { by: "createdAt", direction: "desc" },
  { by: "id", direction: "desc" },
] as const;

/** The inbox in Postgres, in one transaction. */
export function inboxStore(tx: Transaction, outlets: Pick<Outlets, "publish">): InboxStore {
  const countUnread = async (userId: string): Promise<number> => {
    const sql = "select count(*)::int as unread from inbox_messages where tenant_id = $1 and user_id = $2 and read_at is null";
    const [row] = await tx.query<{ unread: number }>(sql, [tx.tenantId, userId]);
    return row?.unread ?? 0;
  };
  return {
    async findMessage(userId, id) {
      return (await tx.manager.findOneBy(InboxEntity, { id, userId })) ?? undefined;
    },

    listMessages(userId, unreadOnly, page) {
      const query = tx.manager
        .createQueryBuilder(InboxEntity, "message")
        .where("message.tenantId = :tenantId and message.userId = :userId", { tenantId: tx.tenantId, userId });
      if (unreadOnly) query.andWhere("message.readAt is null");
      return listEntityPage(query, NEWEST_FIRST, page);
    },

    countUnread,

    async insert({ id, tenantId, userId, category, subject, text, data, createdAt }) {
      const rows = await tx.query(
        `insert into inbox_messages (id, tenant_id, user_id, category, subject, text, data, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (id) do nothing returning 1`,
        [id, tenantId, userId, category, subject, text, data === null ? null : JSON.stringify(data), createdAt],
      );
      if (rows.length > 0) await outlets.publish(tx, InboxChangedSchema, { userId, messageId: id });
    },

    async markRead(userId, ids, now) {
      const rows = await tx.query(
        `update inbox_messages set read_at = $3 where tenant_id = $1 and user_id = $2 and read_at is null and ($4::text[] is null or id = any($4::text[]))
         returning 1`,
        [tx.tenantId, userId, now, ids ?? null],
      );
      if (rows.length > 0) await outlets.publish(tx, InboxChangedSchema, { userId });
    },
  };
}
