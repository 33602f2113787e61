import type { Page, PageRequest } from "@plinth/kernel/base";
import type { RevocationReason, Session } from "./session.ts";

/** A refresh token and its session. */
export interface FoundToken {
  readonly session: Session;
  /** Undefined for the session's newest token. */
  readonly spent: SpentToken | undefined;
}

export interface SpentToken {
  readonly at: Date;
  /** Fingerprint of the client that spent it. */
  readonly client: Buffer;
  /** The pair it was exchanged for; null once it is too old to be repeated. */
  readonly successor: Buffer | null;
}

export interface Rotation {
  readonly session: Session;
  /** Hashes of the spent token and of the one that follows. */
  readonly from: Buffer;
  readonly to: Buffer;
  readonly at: Date;
  readonly expiresAt: Date;
  readonly client: Buffer;
  readonly successor: Buffer;
}

export interface NewSession {
  readonly session: Session;
  readonly tokenHash: Buffer;
  readonly device: Buffer;
}

/** Each change writes rows, events and audit entry in one transaction. */
export interface SessionStore {
  /** False, and nothing is written, when the user's sessions of this age were ended meanwhile. */
  open(opened: NewSession): Promise<boolean>;
  /** In whatever tenant the token lives: its hash is the secret. */
  findByToken(hash: Buffer): Promise<FoundToken | undefined>;
  /** False when somebody else has spent the token, or the session is over. Of several at once exactly one succeeds. */
  rotate(rotation: Rotation): Promise<boolean>;
  /** Ends live ones among these sessions of a user; answers the ids of those that were. */
  end(user: { id: string; tenantId: string }, ids: readonly string[], reason: RevocationReason): Promise<string[]>;
  /** Ends all live sessions of a user but one; answers their ids. */
  endOthers(user: { id: string; tenantId: string }, keptId: string | undefined): Promise<string[]>;
  /** Ends the session because a spent token came back from `client`; says so to the user. False when it was over already. */
  endForReuse(session: Session, client: { address: string; userAgent: string }): Promise<boolean>;
  /** Live ones, newest first. */
  listSessions(user: { id: string; tenantId: string }, page: PageRequest): Promise<Page<Session>>;
}
