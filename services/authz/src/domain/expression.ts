import { type CelInput, CelScalar, celEnv, celFunc, celListConcat, celMethod, isCelError, listType, parse, plan } from "@bufbuild/cel";
import { RE2JS } from "@bufbuild/re2";
import { LRUCache } from "lru-cache";
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
/** Text that a regular expression reads in one step, and that other functions do. */
const MATCHED_PER_STEP = 32;
const READ_PER_STEP = 256;
/** Elements of the shorter of two lists that are put together. */
const JOINED_PER_STEP = 8;

/** Steps left to the evaluation that runs now: evaluations do not wait, so no two run at once. Below 0: it is stopped. */
let steps = 0;

/** The failure that is thrown may be swallowed by an `||`; that the steps are used up is not. */
function spend(amount: number, perStep: number): void {
  steps -= Math.floor(amount / perStep);
  if (steps < 0) throw new Error("too many steps");
}

function sizeOf(text: string): bigint {
  spend(text.length, READ_PER_STEP);
  let size = 0n;
  for (const _ of text) size++;
  return size;
}

/** Compiled patterns are kept: an expression has one or two, and asks for them in every turn of its loops. */
const matchers = new LRUCache<string, RE2JS>({ max: 500 });
/** Steps of compiling a pattern: some, and more for each character, which may stand for hundreds of states. */
const COMPILE_STEPS = 50;
const COMPILE_STEPS_PER_CHARACTER = 4;

function matcherOf(pattern: string): RE2JS {
  let matcher = matchers.get(pattern);
  if (matcher === undefined) {
    spend(COMPILE_STEPS + COMPILE_STEPS_PER_CHARACTER * pattern.length, 1);
    matcher = RE2JS.compile(pattern);
    matchers.set(pattern, matcher);
  }
  return matcher;
}

const { BOOL, DYN, INT, STRING } = CelScalar;
const LIST = listType(DYN);

/** The library's functions that read all of a text, and those that make longer texts and lists, at a price. */
const PRICED_FUNCTIONS = [
  celFunc("_+_", [STRING, STRING], STRING, (one, other) => {
    spend(one.length + other.length, READ_PER_STEP);
    return one + other;
  }),
  celFunc("_+_", [LIST, LIST], LIST, (one, other) => {
    spend(Math.min(one.size, other.size), JOINED_PER_STEP);
    return celListConcat(one, other);
  }),
  celMethod("contains", STRING, [STRING], BOOL, function (part) {
    spend(this.length, READ_PER_STEP);
    return this.includes(part);
  }),
  celFunc("size", [STRING], INT, sizeOf),
  celMethod("size", STRING, [], INT, function () {
    return sizeOf(this);
  }),
];

const environment = celEnv({
  funcs: [celFunc(SPEND, [], BOOL, () => --steps >= 0), ...PRICED_FUNCTIONS],
  // Linear in the text whatever the pattern, which JavaScript's own are not.
  re2: {
    compile(pattern) {
      const matcher = matcherOf(pattern);
      return {
        test(text) {
          spend(text.length, MATCHED_PER_STEP);
          return matcher.test(text);
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
