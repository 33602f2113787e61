import type { ModuleStatus } from "@plinth/module";
import { CONDITION_TYPES, type ConditionType, REASON } from "./condition-types.ts";

/** A condition as `metav1.Condition` has it. */
export type Condition = NonNullable<ModuleStatus["conditions"]>[number];

/** What a condition says now; when it began to say so is worked out from what it said before. */
export interface Claim {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** The API server takes no longer message. */
const MAX_MESSAGE = 32_768;

/** Builds a claim; the message is cut to what the API server takes. */
export function claim(status: Claim["status"], reason: string, message = ""): Claim {
  return { status, reason, message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message };
}

/**
 * All conditions in their order, `Unknown` where nothing is claimed. The time of a condition moves when its status changes and at no other time, so
 * that what has not changed gives the same list again. Types that are not ours are kept as they are.
 */
export function buildConditions(
  claims: Partial<Record<ConditionType, Claim>>,
  before: readonly Condition[],
  observedGeneration: number,
  now: Date,
): Condition[] {
  const known = new Map(before.map((condition) => [condition.type, condition]));
  const own = CONDITION_TYPES.map((type) => {
    const { status, reason, message } = claims[type] ?? claim("Unknown", REASON.pending);
    const last = known.get(type);
    const lastTransitionTime = last?.status === status ? last.lastTransitionTime : seconds(now);
    return { type, status, observedGeneration, lastTransitionTime, reason, message };
  });
  const ours = new Set<string>(CONDITION_TYPES);
  return [...own, ...before.filter(({ type }) => !ours.has(type))];
}

/** The condition of a type, or undefined. */
export function findCondition(status: ModuleStatus | undefined, type: ConditionType): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** Kubernetes writes times to the second. */
function seconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
