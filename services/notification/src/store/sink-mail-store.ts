import type { Database } from "@plinth/kernel/database";
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

/** The others are seen without the new one; of them as many stay as there is room for beside it. By a range: so all who do this lock rows in one order. */
const KEEP_SQL = `
with kept as (insert into sink_mails (${COLUMNS}, raw) values ($1, $2, $3, $4, $5, $6, $7, $8))
delete from sink_mails where id <= (select id from sink_mails order by id desc offset $9 limit 1)`;

const LIST_SQL = `
select ${COLUMNS} from sink_mails
where ($1 = '' or exists (select from unnest(recipients) as recipient where lower(recipient) = lower($1)))
  and ($2 = '' or position(lower($2) in lower(subject)) > 0) and id > $3
order by id desc limit $4`;

/** Caught mails in Postgres, so that they are there after a restart; the oldest go. They are no tenant's, so it is all one which is set. */
export function sinkMailStore(database: Database, keep: () => number): SinkMailStore {
  return {
    async insert({ id, receivedAt, from, to, subject, text, html }, raw) {
      await database.statement((tx) => tx.query(KEEP_SQL, [id, receivedAt, from, to, subject, text, html, raw, keep() - 1]));
    },

    async list({ to, subject, after, limit }: MailQuery) {
      return (await database.read((tx) => tx.query<MailRow>(LIST_SQL, [to, subject, after, limit]))).map(mailOf);
    },

    async find(id) {
      const [row] = await database.read((tx) => tx.query<MailRow>(`select ${COLUMNS} from sink_mails where id = $1`, [id]));
      return row && mailOf(row);
    },

    async findRaw(id) {
      const find = (sql: string) => database.read((tx) => tx.query<{ raw: Buffer }>(sql, [id]));
      return (await find("select raw from sink_mails where id = $1"))[0]?.raw;
    },

    async clear() {
      await database.statement((tx) => tx.query("delete from sink_mails"));
    },
  };
}

function mailOf({ id, received_at: receivedAt, sender: from, recipients: to, subject, text, html }: MailRow): CaughtMail {
  return { id, receivedAt, from, to, subject, text, html };
}
