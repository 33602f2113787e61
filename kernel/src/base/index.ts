export { type Clock, createManualClock, LONGEST_TIMER_MS, type ManualClock, systemClock } from "./clock.ts";
export { currencyExponent } from "./currencies.ts";
export { formatDuration, parseDuration } from "./durations.ts";
export {
  badRequest,
  conflict,
  dependencyFailed,
  type ErrorCode,
  forbidden,
  internal,
  notFound,
  PlinthError,
  type PlinthErrorOptions,
  rateLimited,
  timeout,
  unauthorized,
  unavailable,
  validation,
} from "./errors.ts";
export { idAtTime, idFromUuid, isId, newId, parseId, splitId } from "./ids.ts";
export {
  add,
  allocate,
  compare,
  equals,
  formatMoney,
  type Money,
  type MoneyJson,
  money,
  moneyFromJson,
  moneyToJson,
  multiply,
  negate,
  parseMoney,
  type Ratio,
  type Rounding,
  subtract,
  sum,
  zero,
} from "./money.ts";
export type { Page, PageRequest } from "./page.ts";
export { isRunning, ownMark, type ProcessMark } from "./process-mark.ts";
export {
  currentContext,
  DEFAULT_TENANT,
  type RequestContext,
  runInContext,
  type TraceContext,
  type UserIdentity,
} from "./request-context.ts";
export { defineTransitions, type Guard, type Target, type Transitions, type TransitionTable } from "./transitions.ts";
