import type { Transaction } from "@plinth/kernel/database";
import type { Contact, ContactStore } from "../domain/contact.ts";

interface ContactRow {
  readonly user_id: string;
  readonly email: string;
  readonly first_name: string;
  readonly locale: string;
}

/** Contacts in Postgres, in one transaction. */
export function contactStore(tx: Transaction): ContactStore {
  return {
    async findContact(userId) {
      const [row] = await tx.query<ContactRow>("select user_id, email, first_name, locale from contacts where user_id = $1", [userId]);
      return row && { userId: row.user_id, email: row.email, firstName: row.first_name, locale: row.locale };
    },

    async saveContact({ userId, email, firstName, locale }: Contact) {
      await tx.query(
        `insert into contacts (tenant_id, user_id, email, first_name, locale) values ($1, $2, $3, $4, $5)
         on conflict (user_id) do update set email = excluded.email, first_name = excluded.first_name, locale = excluded.locale`,
        [tx.tenantId, userId, email, firstName, locale],
      );
    },

    async markWelcomed(userId) {
      const rows = await tx.query("update contacts set welcomed = true where user_id = $1 and not welcomed returning 1", [userId]);
      return rows.length > 0;
    },

    async forgetUser(userId) {
      for (const table of ["contacts", "preferences", "inbox_messages"])
        await tx.query(`delete from ${table} where user_id = $1`, [userId]);
      await tx.query("delete from delivery_contents where delivery_id in (select id from deliveries where user_id = $1)", [userId]);
      await tx.query(
        `update deliveries set destination = '', recipient_key = '', subject = '', claimed_until = null, next_attempt_at = null,
           last_error = case status when 'pending' then 'the user was deleted' else last_error end,
           status = case status when 'pending' then 'failed' else status end
         where user_id = $1`,
        [userId],
      );
    },
  };
}
