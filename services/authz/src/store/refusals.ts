import { PlinthError } from "@plinth/kernel/base";
import type { Database } from "@plinth/kernel/database";
import type { AccessEvents } from "./access-events.ts";

/** What was tried. */
export interface Attempt {
  readonly action: string;
  readonly resource: string;
  readonly resourceId: string;
  /** The role that was to be given or taken. */
  readonly role?: string;
}

/** Refusals that say something about who tried; a role that does not exist does not. */
const TELLING = ["ESCALATION", "LAST_ADMIN"];

/** Leaves an audit entry of a refusal, when the transaction in which it was refused has left nothing. */
export async function recordingRefusals<T>(
  database: Database,
  events: AccessEvents,
  attempt: Attempt,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof PlinthError) || !TELLING.includes(error.reason)) throw error;
    const { action, resource, resourceId, role } = attempt;
    const metadata = { reason: error.reason, ...error.metadata, ...(role === undefined ? {} : { role }) };
    await database.transaction((tx) => events.denied(tx, action, resource, resourceId, metadata));
    throw error;
  }
}
