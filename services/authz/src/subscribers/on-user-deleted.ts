import type { Transaction } from "@plinth/kernel/database";
import type { Logger } from "@plinth/kernel/logging";

/** Takes all roles from a deleted user. Answers whether it was the last platform administrator. */
export type RemoveUser = (tx: Transaction, userId: string) => Promise<boolean>;

export function onUserDeleted(removeUser: RemoveUser, logger: Logger) {
  return async ({ userId }: { userId: string }, tx: Transaction): Promise<void> => {
    const wasLastAdmin = await removeUser(tx, userId);
    if (wasLastAdmin) {
      logger.warn("The last platform administrator was deleted; put a new bootstrap token in place to make another one", { userId });
    }
  };
}
