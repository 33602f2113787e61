/** A mail that the sink caught. */
export interface CaughtMail {
  /** Sorts by the time it came. */
  readonly id: string;
  readonly receivedAt: Date;
  /** Of the envelope, as are the recipients. */
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface MailQuery {
  /** A whole address, in any case; empty: all. */
  readonly to: string;
  /** Part of the subject, in any case; empty: all. */
  readonly subject: string;
  /** Only mails that came after the one with this id; empty: all. */
  readonly after: string;
  readonly limit: number;
}

export interface SinkMailStore {
  /** Keeps the mail, and lets go of the oldest where there are too many. */
  insert(mail: CaughtMail, raw: Buffer): Promise<void>;
  /** Newest first. */
  list(query: MailQuery): Promise<CaughtMail[]>;
  find(id: string): Promise<CaughtMail | undefined>;
  /** As it came. */
  findRaw(id: string): Promise<Buffer | undefined>;
  clear(): Promise<void>;
}
