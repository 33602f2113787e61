import { splitStatements } from "./split-statements.ts";

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
  /** Harmless after all when this matches too. */
  readonly unless?: RegExp;
  /** Why it hurts, and what to do instead. */
  readonly advice: string;
}

/** Statements that stop a running service on a table with rows, or break the version still running beside the new one. */
const RULES: readonly Rule[] = [
  {
    name: "index-blocks-writes",
    pattern: /^create (unique )?index /i,
    unless: / concurrently /i,
    advice: "blocks writes while it builds; use CREATE INDEX CONCURRENTLY in a migration of its own with outsideTransaction = true",
  },
  {
    name: "type-change-rewrites",
    pattern: /^alter table .* alter (column )?\w+ (set data )?type /i,
    advice: "rewrites the table under an exclusive lock; add a new column, fill it, switch over",
  },
  {
    name: "required-column",
    pattern: /^alter table .* add (column )?(if not exists )?(?!constraint)\w+ [^,]*not null/i,
    unless: / default /i,
    advice: "fails when there are rows, and breaks inserts of the running version; give it a default",
  },
  {
    name: "volatile-default-rewrites",
    pattern: /^alter table .* add (column )?[^,]* default (gen_random_uuid|uuidv7|random|clock_timestamp|nextval)\b/i,
    advice: "rewrites the table under an exclusive lock; add the column, set the default, fill old rows in a later migration",
  },
  {
    name: "set-not-null-scans",
    pattern: /^alter table .* set not null/i,
    advice: "scans the table under an exclusive lock; add CHECK (x IS NOT NULL) NOT VALID, validate it in the next migration, then set it",
  },
  {
    name: "constraint-scans",
    pattern: /^alter table .* add (constraint \w+ )?(foreign key|check)\b/i,
    unless: / not valid/i,
    advice: "scans the table under a lock; add it NOT VALID and VALIDATE it in the next migration",
  },
  {
    name: "unique-builds-index",
    pattern: /^alter table .* add (constraint \w+ )?(unique|primary key)\b/i,
    unless: / using index /i,
    advice: "builds its index under an exclusive lock; build it CONCURRENTLY first and add the constraint USING INDEX",
  },
  {
    name: "drop-breaks-running-version",
    pattern: /^(drop (table|view) |alter table .* drop (column )?(?!constraint|not null|default|identity|expression)\w+)/i,
    advice: "breaks the version that still runs; release the code that no longer uses it first, then drop it with this rule allowed",
  },
  {
    name: "rename-breaks-running-version",
    pattern: /^alter (table|view) .* rename /i,
    advice: "breaks the version that still runs; add the new name, move over, drop the old one",
  },
  {
    name: "long-exclusive-lock",
    pattern: /^(vacuum full|cluster|truncate|lock (table )?|reindex(?! .*concurrently))/i,
    advice: "locks out everybody for as long as it takes",
  },
];

/** The table a statement makes or works on, without schema. */
const MADE = /^create (?:unlogged |temporary |temp )?table (?:if not exists )?(?:\w+\.)?(\w+)/i;
const TOUCHED =
  /^(?:alter table (?:if exists )?(?:only )?|drop table (?:if exists )?|truncate (?:table )?|lock (?:table )?)(?:\w+\.)?(\w+)| on (?:only )?(?:\w+\.)?(\w+)/i;

/**
 * Checks the statements of one migration before they run; throws on the first that would lock a table in use. Tables
 * made by the same migration are nobody's yet. A comment in the statement allows a rule and says why:
 * `-- allow: index-blocks-writes, the table never has more than a few rows`.
 */
export function migrationLint(): (sql: string) => void {
  const made = new Set<string>();
  return (sql) => {
    for (const { words, comments } of splitStatements(sql)) {
      if (/^(begin|start transaction|commit|end$|rollback)\b/i.test(words)) {
        throw new Error(`"${shortened(words)}": the migration already runs in a transaction of its own; leave this out.`);
      }
      const table = MADE.exec(words)?.[1];
      if (table !== undefined) made.add(table.toLowerCase());
      const target = TOUCHED.exec(words);
      if (made.has((target?.[1] ?? target?.[2] ?? "").toLowerCase())) continue;
      for (const rule of RULES) {
        if (!rule.pattern.test(words) || rule.unless?.test(words) || allows(comments, rule.name)) continue;
        throw new Error(
          `"${shortened(words)}" ${rule.advice}. Where it is harmless, say why in the statement: -- allow: ${rule.name}, <reason>`,
        );
      }
    }
  };
}

function allows(comments: string, rule: string): boolean {
  return new RegExp(`allow: ${rule}\\b\\W*\\w+`).test(comments);
}

function shortened(words: string): string {
  return words.length > 120 ? `${words.slice(0, 117)}...` : words;
}
