import type { MigrationTransaction } from "@plinth/kernel/database";

/** The postings of a statement balance in themselves. So they can be looked at once a statement, when it ends, and not each of them anew at the commit. */
export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    create function check_ledger_balances() returns trigger language plpgsql as $$
    declare
      wrong record;
    begin
      select transaction_id, sum(amount) as balance into wrong from added group by transaction_id having sum(amount) <> 0 limit 1;
      if found then
        raise exception 'ledger transaction % is out of balance by %', wrong.transaction_id, wrong.balance using errcode = 'check_violation';
      end if;
      return null;
    end $$
  `);
  await tx.query(`
    create trigger ledger_postings_balance after insert on ledger_postings
      referencing new table as added for each statement execute function check_ledger_balances();
    drop trigger ledger_balances on ledger_postings;
    drop function check_ledger_balance();
  `);
}
