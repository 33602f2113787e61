/**
 * What ends or begins something in SQL: quoted text and names, dollar-quoted bodies, comments, semicolons. Anything
 * between is plain.
 */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|--[^\n]*|\/\*[\s\S]*?\*\/|;/g;

export interface Statement {
  /** Without comments, with single spaces, and with quoted text emptied: what the words of the statement say. */
  readonly words: string;
  readonly comments: string;
}

/** Splits SQL into its statements. Function bodies stay whole. */
export function splitStatements(sql: string): Statement[] {
  const statements: Statement[] = [];
  let words = "";
  let comments = "";
  let position = 0;
  const end = (): void => {
    const compact = words.replace(/\s+/g, " ").trim();
    if (compact !== "") statements.push({ words: compact, comments });
    words = "";
    comments = "";
  };
  for (const token of sql.matchAll(TOKENS)) {
    words += sql.slice(position, token.index);
    position = token.index + token[0].length;
    if (token[0] === ";") end();
    else if (/^(--|\/\*)/.test(token[0])) comments += `${token[0]}\n`;
    else if (token[0].startsWith('"')) words += token[0].replaceAll('"', "");
    else words += "''";
  }
  words += sql.slice(position);
  end();
  return statements;
}
