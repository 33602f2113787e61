/** The names under which the connections of one pool keep their statements, so that Postgres parses and plans each of them once, not at each use. */
export interface StatementNames {
  /** Undefined: the statement is sent as it is. */
  nameOf(sql: string): string | undefined;
  /** Gives all statements new names: what connections keep under the old ones is used no more. */
  renew(): void;
}

/** A connection keeps what it has parsed until it is closed. Past so many texts they are put together at run time, and a name would hardly be met again. */
const MOST = 500;

export function createStatementNames(): StatementNames {
  const names = new Map<string, string>();
  let generation = 0;
  return {
    nameOf(sql) {
      const known = names.get(sql);
      if (known !== undefined || names.size === MOST) return known;
      const name = `g${generation}s${names.size}`;
      names.set(sql, name);
      return name;
    },
    renew() {
      names.clear();
      generation += 1;
    },
  };
}
