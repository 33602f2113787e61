import type { Transaction } from "@plinth/kernel/database";
import type { RevocationReason } from "../domain/session.ts";

/** What an event of a user does to the user's sessions, in the transaction of the event. */
export interface SessionEnder {
  /** Ends what was begun before `before`, but for `keptId`. */
  endBefore(tx: Transaction, userId: string, before: Date, reason: RevocationReason, keptId?: string): Promise<void>;
  changeEmail(tx: Transaction, userId: string, email: string): Promise<void>;
  forgetUser(tx: Transaction, userId: string): Promise<void>;
}
