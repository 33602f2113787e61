import { type DatabaseOptions, type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { silentLogger } from "../logging/silent-logger.ts";

export interface CountedDatabase {
  readonly database: OpenDatabase;
  /** How many statements are sent on it while this works; begin, commit and what sets the tenant included. */
  counted(work: () => Promise<unknown>): Promise<number>;
}

/** A module's database as its stores see it, for tests of how many round trips they make. */
export async function openCountedDatabase(
  options: Pick<DatabaseOptions, "url" | "schema"> & Partial<Pick<DatabaseOptions, "entities">>,
): Promise<CountedDatabase> {
  let statements = 0;
  const metrics = { query: () => void statements++, transaction: () => {}, remembered: () => {} };
  const database = await openDatabase({ entities: [], ...options, logger: silentLogger, metrics });
  return {
    database,
    async counted(work) {
      const before = statements;
      await work();
      return statements - before;
    },
  };
}
