import { ALL_TENANTS, type Database } from "@plinth/kernel/database";
import type { CaughtMail, MailQuery, SinkMailStore } from "../sink/caught-mail.ts";

interface MailRow {
  readonly id: string;
  readonly received_at: Date;
  readonly sender: string;
  readonly recipients: string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const COLUMNS = "id, received_at, sender, recipients, subject, text, html";
const EVERYBODY = { tenantId: ALL_TENANTS };

/** Caught mails in Postgres, so that they are there after a restart; the oldest go. */
export function sinkMailStore(database: Database, keep: () => number): SinkMailStore {
  return {
    async insert({ id, receivedAt, from, to, subject, text, html }, raw) {
      await database.transaction(async (tx) => {
        await tx.query(`insert into sink_mails (${COLUMNS}, raw) values ($1, $2, $3, $4, $5, $6, $7, $8)`, [
          id,
          receivedAt,
          from,
          to,
          subject,
          text,
          html,
          raw,
        ]);
        await tx.query("delete from sink_mails where id in (select id from sink_mails order by id desc offset $1)", [keep()]);
      }, EVERYBODY);
    },

    async list({ to, subject, after, limit }: MailQuery) {
      const rows = await database.read(
        (tx) =>
          tx.query<MailRow>(
            `select ${COLUMNS} from sink_mails
             where ($1 = '' or exists (select from unnest(recipients) as recipient where lower(recipient) = lower($1)))
               and ($2 = '' or position(lower($2) in lower(subject)) > 0) and id > $3
             order by id desc limit $4`,
            [to, subject, after, limit],
          ),
        EVERYBODY,
      );
      return rows.map(mailOf);
    },

    async find(id) {
      const [row] = await database.read((tx) => tx.query<MailRow>(`select ${COLUMNS} from sink_mails where id = $1`, [id]), EVERYBODY);
      return row && mailOf(row);
    },

    async findRaw(id) {
      const find = (sql: string) => database.read((tx) => tx.query<{ raw: Buffer }>(sql, [id]), EVERYBODY);
      return (await find("select raw from sink_mails where id = $1"))[0]?.raw;
    },

    async clear() {
      await database.transaction((tx) => tx.query("delete from sink_mails"), EVERYBODY);
    },
  };
}

function mailOf({ id, received_at: receivedAt, sender: from, recipients: to, subject, text, html }: MailRow): CaughtMail {
  return { id, receivedAt, from, to, subject, text, html };
}
