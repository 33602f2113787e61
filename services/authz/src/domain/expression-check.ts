import type { parse } from "@bufbuild/cel";

export type ParsedExpression = ReturnType<typeof parse>;
export type CheckedExpression = ParsedExpression;
type Expr = NonNullable<ParsedExpression["expr"]>;

/** Takes a step of the evaluation; no expression can name it. */
export const SPEND = "@spend";

export interface Position {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

/** Why an expression is no policy; the message names the position. */
export class ExpressionError extends Error {
  readonly position: Position;

  constructor(problem: string, position: Position) {
    super(`line ${position.line}, column ${position.column}: ${problem}`);
    this.name = "ExpressionError";
    this.position = position;
  }
}

const VARIABLES = ["subject", "resource", "context"];
const SUBJECT_FIELDS = ["id", "roles", "tenant_id"];
const TYPE_NAMES = ["bool", "int", "uint", "double", "string", "list", "map", "null_type", "type"];
/** Done by the evaluator itself. */
const OPERATORS = ["_&&_", "_||_", "_?_:_", "_[_]", "@not_strictly_false"];
const BOOLEAN_CALLS = /^(_(&&|\|\||==|!=|<|<=|>|>=)_|!_|@in|@not_strictly_false|contains|startsWith|endsWith|matches|bool)$/;
/** They may give a boolean; it depends on the attributes. */
const UNKNOWN_CALLS = /^(_\?_:_|_\[_\]|dyn)$/;
/** A loop in a loop goes through pairs; nothing sensible goes through triples. */
const MAX_LOOP_DEPTH = 2;

/**
 * Finds what would fail at every evaluation: unknown variables, attributes of the subject and functions, and a result that
 * is no boolean. Every loop is made to take steps, so that whatever its input it comes to an end.
 */
export function checkExpression(parsed: ParsedExpression, text: string, knowsFunction: (name: string) => boolean): CheckedExpression {
  const positions = parsed.sourceInfo?.positions ?? {};
  let lastId = Object.keys(positions).reduce((most, id) => (BigInt(id) > most ? BigInt(id) : most), 0n);
  const fail = (expr: Expr, problem: string): never => {
    throw new ExpressionError(problem, positionAt(text, positions[String(expr.id)] ?? 0));
  };
  const nextExpr = (exprKind: Expr["exprKind"]): Expr => ({ $typeName: "cel.expr.Expr", id: ++lastId, exprKind });
  const call = (name: string, args: Expr[]): Expr =>
    nextExpr({ case: "callExpr", value: { $typeName: "cel.expr.Expr.Call", function: name, args } });

  const visit = (expr: Expr | undefined, known: ReadonlySet<string>, loops: number): void => {
    if (expr === undefined) return;
    const { exprKind } = expr;
    switch (exprKind.case) {
      case "identExpr":
        if (!known.has(exprKind.value.name)) {
          fail(expr, `"${exprKind.value.name}" is not known here; there are ${VARIABLES.join(", ")}`);
        }
        return;
      case "selectExpr": {
        const { operand, field } = exprKind.value;
        if (operand?.exprKind.case === "identExpr" && operand.exprKind.value.name === "subject" && !SUBJECT_FIELDS.includes(field)) {
          fail(expr, `subject has no "${field}"; it has ${SUBJECT_FIELDS.join(", ")}`);
        }
        visit(operand, known, loops);
        return;
      }
      case "callExpr": {
        const { function: name, target, args } = exprKind.value;
        if (!OPERATORS.includes(name) && (!knowsFunction(name) || name === "bytes")) fail(expr, `there is no function "${name}"`);
        visit(target, known, loops);
        for (const arg of args) visit(arg, known, loops);
        return;
      }
      case "constExpr":
        // Attributes are JSON, which has none.
        if (exprKind.value.constantKind.case === "bytesValue") fail(expr, "there are no bytes to compare with; write a text");
        return;
      case "listExpr":
        for (const element of exprKind.value.elements) visit(element, known, loops);
        return;
      case "structExpr":
        if (exprKind.value.messageName !== "") fail(expr, `there is no type "${exprKind.value.messageName}"`);
        for (const { keyKind, value } of exprKind.value.entries) {
          if (keyKind.case === "mapKey") visit(keyKind.value, known, loops);
          visit(value, known, loops);
        }
        return;
      case "comprehensionExpr": {
        const loop = exprKind.value;
        if (loops === MAX_LOOP_DEPTH) fail(expr, `loops are nested deeper than ${MAX_LOOP_DEPTH} levels`);
        visit(loop.iterRange, known, loops);
        visit(loop.accuInit, known, loops);
        const inside = new Set([...known, loop.iterVar, loop.accuVar]);
        for (const part of [loop.loopCondition, loop.loopStep, loop.result]) visit(part, inside, loops + 1);
        if (loop.loopCondition !== undefined) loop.loopCondition = call("_&&_", [call(SPEND, []), loop.loopCondition]);
        return;
      }
      default:
        return;
    }
  };

  const { expr } = parsed;
  if (expr === undefined) throw new ExpressionError("there is no expression", positionAt(text, 0));
  visit(expr, new Set([...VARIABLES, ...TYPE_NAMES]), 0);
  const other = otherThanBoolean(expr);
  if (other !== undefined) fail(expr, `the expression gives ${other}, and must give a boolean`);
  return parsed;
}

/** What the expression surely gives, where that is no boolean. */
function otherThanBoolean({ exprKind }: Expr): string | undefined {
  switch (exprKind.case) {
    case "constExpr":
      return exprKind.value.constantKind.case === "boolValue" ? undefined : "a constant";
    case "listExpr":
      return "a list";
    case "structExpr":
      return "a map";
    case "identExpr":
      return exprKind.value.name === "@result" ? undefined : "a map or a type";
    case "comprehensionExpr":
      // exists and all begin with a boolean and end with it; exists_one compares a count at its end; map and filter build a list.
      return exprKind.value.accuInit?.exprKind.case === "listExpr" ? "a list" : undefined;
    case "callExpr": {
      const name = exprKind.value.function;
      return BOOLEAN_CALLS.test(name) || UNKNOWN_CALLS.test(name) ? undefined : `what "${name.replaceAll("_", "")}" gives`;
    }
    default:
      return undefined;
  }
}

export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
