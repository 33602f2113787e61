import { PlinthError, validation } from "@plinth/kernel/base";
import Handlebars from "handlebars";

/** Values of a template's variables, as JSON has them. */
export type Variables = Readonly<Record<string, unknown>>;

export type TextKind = "text" | "html";

/** More would be no message any more. Characters of one rendered text. */
const MAX_OUTPUT = 512 * 1024;
/** Rounds of all `each` of one rendering together: lists within lists multiply. */
const MAX_ROUNDS = 10_000;
const CACHED_TEMPLATES = 500;

/**
 * The language of templates: Handlebars, of which there are `{{variable}}`, `{{a.b}}`, `{{#if}}`, `{{#unless}}` and `{{#each}}`, and
 * no more. A variable that is not given is an error, unless it is only what a block asks for. In HTML every value is escaped, and there is no way around it.
 */
const engine = Handlebars.create();
const HELPERS: ReadonlySet<string> = new Set(["if", "unless", "each"]);
for (const name of Object.keys(engine.helpers)) if (!HELPERS.has(name) && !/Missing$/.test(name)) engine.unregisterHelper(name);

interface Budget {
  rounds: number;
  size: number;
}

// Its own `each`, since what a template costs is decided by the lists it is given.
engine.registerHelper("each", function each(this: unknown, list: unknown, { fn, inverse, data }: Handlebars.HelperOptions) {
  if (list === undefined || list === null) return inverse(this);
  if (!Array.isArray(list)) throw validation({ variables: "what #each goes through must be a list" });
  if (list.length === 0) return inverse(this);
  const budget = (data as { budget: Budget }).budget;
  let text = "";
  for (const [index, item] of list.entries()) {
    if (++budget.rounds > MAX_ROUNDS) throw validation({ variables: `the lists have more than ${MAX_ROUNDS} items in all` });
    const piece = fn(item, { data: { ...Handlebars.createFrame(data), index, first: index === 0, last: index === list.length - 1 } });
    budget.size += piece.length;
    if (budget.size > MAX_OUTPUT) throw tooLong();
    text += piece;
  }
  return text;
});

/** The default as well, but only said aloud it does not write to the console. */
const NO_PROTOTYPES = { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false };

/** Throws VALIDATION_ERROR on `field` for what is no template, or uses more of Handlebars than there is here. */
export function checkTemplateText(source: string, field: string, kind: TextKind): void {
  let program: hbs.AST.Program;
  try {
    program = engine.parse(source);
  } catch (error) {
    throw validation({ [field]: `does not parse: ${firstLine(error)}` });
  }
  const problem = problemIn(program, kind);
  if (problem !== undefined) throw validation({ [field]: problem });
}

/** Throws VALIDATION_ERROR for a variable that is missing. */
export function renderText(source: string, kind: TextKind, variables: Variables): string {
  let rendered: string;
  try {
    rendered = compiled(source, kind)(variables, { ...NO_PROTOTYPES, data: { budget: { rounds: 0, size: 0 } satisfies Budget } });
  } catch (error) {
    throw renderError(error);
  }
  if (rendered.length > MAX_OUTPUT) throw tooLong();
  return storable(rendered);
}

/** Without U+0000, which neither Postgres nor a mail can hold. */
export function storable(text: string): string {
  return text.replaceAll("\0", "");
}

/** One line: whatever a value holds, a header stays one header. */
export function renderLine(source: string, variables: Variables): string {
  const line = renderText(source, "text", variables);
  return oneLine(line);
}

const MAX_LINE = 200;

// biome-ignore lint/suspicious/noControlCharactersInRegex: taking them out is what this is for.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

export function oneLine(text: string): string {
  return text.replaceAll(CONTROLS, " ").trim().slice(0, MAX_LINE);
}

/** Templates are few and used often; compiling one costs a thousand times what using it does. */
const cache = new Map<string, Handlebars.TemplateDelegate>();

function compiled(source: string, kind: TextKind): Handlebars.TemplateDelegate {
  const key = `${kind}:${source}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const template = engine.compile(source, {
    strict: true,
    noEscape: kind === "text",
    knownHelpersOnly: true,
    knownHelpers: { each: true, if: true, unless: true },
  });
  const oldest = cache.keys().next();
  if (cache.size >= CACHED_TEMPLATES && !oldest.done) cache.delete(oldest.value);
  cache.set(key, template);
  return template;
}

function problemIn(program: hbs.AST.Program, kind: TextKind): string | undefined {
  for (const statement of program.body) {
    const problem = problemOf(statement, kind);
    if (problem !== undefined) return `line ${statement.loc.start.line}: ${problem}`;
  }
  return undefined;
}

const LANGUAGE = "templates know {{variable}}, {{#if}}, {{#unless}} and {{#each}} only";

function problemOf(statement: hbs.AST.Statement, kind: TextKind): string | undefined {
  switch (statement.type) {
    case "ContentStatement":
    case "CommentStatement":
      return undefined;
    case "MustacheStatement": {
      const { path, params, hash, escaped } = statement as hbs.AST.MustacheStatement;
      if (!escaped && kind === "html") return "{{{…}}} and {{&…}} would put a value unescaped into HTML; write {{…}}";
      return params.length > 0 || hash !== undefined ? LANGUAGE : problemOfPath(path);
    }
    case "BlockStatement": {
      const { path, params, hash, program, inverse } = statement as hbs.AST.BlockStatement;
      const [subject] = params;
      if (!HELPERS.has(path.original as string) || subject === undefined || params.length > 1 || hash !== undefined) return LANGUAGE;
      if ((program?.blockParams?.length ?? 0) > 0) return "names after {{#each … as |x|}} are not known here; write {{this}}";
      return problemOfPath(subject) ?? (program && problemIn(program, kind)) ?? (inverse && problemIn(inverse, kind));
    }
    default:
      return LANGUAGE;
  }
}

const LOOP_VALUES: ReadonlySet<string> = new Set(["index", "first", "last"]);

function problemOfPath(expression: hbs.AST.Expression): string | undefined {
  if (expression.type !== "PathExpression") return LANGUAGE;
  const { data, parts } = expression as hbs.AST.PathExpression;
  if (data && (parts.length !== 1 || !LOOP_VALUES.has(parts[0] ?? ""))) return "of @… there are @index, @first and @last only";
  return undefined;
}

function renderError(error: unknown): Error {
  const missing = /^"(.{1,100})" not defined in /.exec((error as Error).message)?.[1];
  if (missing !== undefined) return validation({ [`variables.${missing}`]: "is needed by the template" });
  if (error instanceof PlinthError) return error;
  // A path through a value that is none: {{a.b.c}} where b is null.
  return validation({ variables: `do not fit the template: ${firstLine(error)}` }, { cause: error });
}

function tooLong(): PlinthError {
  return validation({ variables: `the message would be longer than ${MAX_OUTPUT} characters` });
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n")[0] ?? "";
}
