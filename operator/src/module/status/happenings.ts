import type { ModuleStatus } from "@plinth/module";
import type { Happening } from "../../runtime/event-series.ts";
import { describeProblem, type Verdict } from "../verdict.ts";
import type { ConditionType } from "./condition-types.ts";
import { REASON } from "./condition-types.ts";
import { findCondition } from "./conditions.ts";

/** Reasons of `Progressing` that people should hear of, and how bad they are. */
const STEPS: Readonly<Record<string, Happening["type"]>> = {
  [REASON.rollingBack]: "Warning",
  [REASON.rolledBack]: "Warning",
  [REASON.progressDeadlineExceeded]: "Warning",
};

/**
 * What is to be told to people about a change of the status: each refusal once, and what went wrong or came to its end. A status that says the same tells
 * nothing, and neither does a first roll-out that goes well.
 */
export function findHappenings(before: ModuleStatus | undefined, after: ModuleStatus, { refused }: Verdict): Happening[] {
  const changed = (type: ConditionType): boolean => {
    const [was, is] = [findCondition(before, type), findCondition(after, type)];
    return was?.reason !== is?.reason || was?.status !== is?.status || was?.message !== is?.message;
  };
  const is = (type: ConditionType, status: string, reason?: string): boolean => {
    const condition = findCondition(after, type);
    return condition?.status === status && (reason === undefined || condition.reason === reason) && changed(type);
  };
  const note = (type: ConditionType): string => findCondition(after, type)?.message ?? "";
  const happenings: Happening[] = [];
  const tell = (type: Happening["type"], reason: string, action: string, text: string): void => {
    happenings.push({ type, reason, action, note: text === "" ? reason : text });
  };

  const known = new Set(before?.problems?.map(({ message }) => message));
  for (const problem of refused) {
    const text = describeProblem(problem);
    if (!known.has(text)) tell("Warning", problem.reason, "Validate", text);
  }
  if (is("DependenciesResolved", "False", "DependencyNotRunning"))
    tell("Normal", "DependencyNotRunning", "Wait", note("DependenciesResolved"));
  if (is("Migrated", "False", REASON.migrationFailed)) tell("Warning", REASON.migrationFailed, "Migrate", note("Migrated"));
  if (is("Migrated", "True", REASON.upToDate) && before !== undefined)
    tell("Normal", "Migrated", "Migrate", "the migrations of the new version ran");
  const progress = findCondition(after, "Progressing");
  const severity = STEPS[progress?.reason ?? ""];
  if (severity !== undefined && progress !== undefined && changed("Progressing"))
    tell(severity, progress.reason, "RollOut", progress.message);
  if (is("Degraded", "True", REASON.ownershipConflict)) tell("Warning", REASON.ownershipConflict, "Apply", note("Degraded"));
  else if (is("Stalled", "True", REASON.ownershipConflict)) tell("Warning", REASON.ownershipConflict, "Apply", note("Stalled"));
  if (is("DeletionBlocked", "True")) tell("Warning", "DeletionBlocked", "Delete", note("DeletionBlocked"));
  if (
    before?.version !== undefined &&
    after.version !== undefined &&
    after.version !== before.version &&
    after.currentRevision !== undefined
  ) {
    tell("Normal", REASON.rolloutComplete, "RollOut", `version ${after.version} serves, in place of ${before.version}`);
  }
  return happenings;
}
