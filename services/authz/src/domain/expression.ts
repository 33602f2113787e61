import { type CelInput, CelScalar, celEnv, celFunc, isCelError, parse, plan } from "@bufbuild/cel";
import { RE2JS } from "@bufbuild/re2";
import type { Attributes } from "./attributes.ts";
import { MAX_EXPRESSION_STEPS, type Meter } from "./cost.ts";
import { type CheckedExpression, checkExpression, ExpressionError, positionAt, SPEND } from "./expression-check.ts";

/** What an expression is evaluated over. */
export interface ExpressionInput {
  readonly subject: Attributes;
  readonly resource: Attributes;
  readonly context: Attributes;
}

/** `failed`: the expression could not be evaluated over this input. `costly`: it did not come to an end within its steps. */
export type Verdict = { readonly kind: "true" | "false" | "costly" } | { readonly kind: "failed"; readonly problem: string };

export type Expression = (input: ExpressionInput, meter: Meter) => Verdict;

const TRUE: Verdict = { kind: "true" };
const FALSE: Verdict = { kind: "false" };
const COSTLY: Verdict = { kind: "costly" };
/** Text that a regular expression reads in one step. */
const CHARACTERS_PER_STEP = 32;

/** Steps left to the evaluation that runs now: evaluations do not wait, so no two run at once. Below 0: it is stopped. */
let steps = 0;

const environment = celEnv({
  funcs: [celFunc(SPEND, [], CelScalar.BOOL, () => --steps >= 0)],
  // Linear in the text whatever the pattern, which JavaScript's own are not.
  re2: {
    compile(pattern) {
      const compiled = RE2JS.compile(pattern);
      return {
        test(text) {
          steps -= Math.ceil((text.length + pattern.length) / CHARACTERS_PER_STEP);
          if (steps < 0) throw new Error("too many steps");
          return compiled.test(text);
        },
      };
    },
  },
});

/** Throws `ExpressionError` with the position of what is wrong. */
export function compileExpression(text: string): Expression {
  const evaluate = planned(
    text,
    checkExpression(parsed(text), text, (name) => environment.funcs.find(name) !== undefined),
  );
  return (input, meter) => {
    const allowed = Math.min(MAX_EXPRESSION_STEPS, meter.left);
    steps = allowed - 1;
    if (steps < 0) return COSTLY;
    const result = evaluate(input as unknown as Record<string, CelInput>);
    meter.left -= Math.min(allowed, allowed - steps);
    // A stopped loop leaves a result that means nothing.
    if (steps < 0) return COSTLY;
    if (result === true) return TRUE;
    if (result === false) return FALSE;
    return { kind: "failed", problem: isCelError(result) ? result.message : "the expression gives no boolean here" };
  };
}

function parsed(text: string): ReturnType<typeof parse> {
  try {
    return parse(text);
  } catch (error) {
    throw syntaxError(text, error);
  }
}

function planned(text: string, expression: CheckedExpression): ReturnType<typeof plan> {
  try {
    return plan(environment, expression);
  } catch (error) {
    throw new ExpressionError(error instanceof Error ? error.message : String(error), positionAt(text, 0));
  }
}

function syntaxError(text: string, error: unknown): ExpressionError {
  if (error instanceof RangeError) return new ExpressionError("the expression is nested too deeply", positionAt(text, 0));
  const message = error instanceof Error ? error.message : String(error);
  const offset =
    error instanceof Error ? (error as Error & { location?: { start?: { offset?: number } } }).location?.start?.offset : undefined;
  // The parser says the place in front, for a file that is not there.
  return new ExpressionError(message.replace(/^(syntax error )?<input>:\d+:\d+: /, ""), positionAt(text, offset ?? 0));
}
