import type { Page, PageRequest } from "@plinth/kernel/base";

/** A message in a user's inbox. */
export interface InboxMessage {
  /** That of the delivery, so that a repeated one changes nothing. */
  readonly id: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly category: string;
  readonly subject: string;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly createdAt: Date;
  readonly readAt: Date | null;
}

/** Each change wakes the user's streams. */
export interface InboxStore {
  findMessage(userId: string, id: string): Promise<InboxMessage | undefined>;
  listMessages(userId: string, unreadOnly: boolean, page: PageRequest): Promise<Page<InboxMessage>>;
  countUnread(userId: string): Promise<number>;
  /** Does nothing where the id is known. */
  insert(message: InboxMessage): Promise<void>;
  /** Undefined: all. */
  markRead(userId: string, ids: readonly string[] | undefined, now: Date): Promise<void>;
}
