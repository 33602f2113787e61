import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { AuditEntry, Service } from "@plinth/kernel/service";
import { SessionCreatedSchema, SessionReuseDetectedSchema, SessionRevokedSchema } from "@plinth/proto/auth/v1/events_pb";
import type { Client } from "../domain/client.ts";
import type { Attempt, FailedLogin } from "../domain/guard-store.ts";
import type { RevocationReason, Session } from "../domain/session.ts";
import { REVOCATION_REASON } from "../messages/revocation-reason.ts";

/** The parts of a service through which a change leaves the transaction that makes it. */
export type Outlets = Pick<Service<unknown>, "publish" | "audit">;

const END_ACTION: Record<RevocationReason, string> = {
  logout: "user.logout",
  revoked: "session.revoked",
  "password-changed": "session.revoked",
  "user-removed": "session.revoked",
  "reuse-detected": "session.revoked",
};

/** Says what happened to sessions and sign-ins: to other modules and to the audit trail. */
export class SessionEvents {
  readonly #outlets: Outlets;
  readonly #accessLifetimeMs: number;

  constructor(outlets: Outlets, accessLifetimeMs: number) {
    this.#outlets = outlets;
    this.#accessLifetimeMs = accessLifetimeMs;
  }

  async created(tx: Transaction, session: Session, newDevice: boolean): Promise<void> {
    const { id: sessionId, userId, email, address: ipAddress, userAgent } = session;
    const createdAt = timestampFromDate(session.createdAt);
    await this.#outlets.publish(tx, SessionCreatedSchema, { userId, sessionId, email, newDevice, ipAddress, userAgent, createdAt });
    const metadata = { session_id: sessionId, new_device: String(newDevice) };
    await this.#audit(tx, userId, { action: "user.login", outcome: "success", metadata });
  }

  async ended(tx: Transaction, session: { id: string; userId: string }, reason: RevocationReason): Promise<void> {
    const { id: sessionId, userId } = session;
    // Tokens are signed with their own clock: a second more does no harm.
    const tokensExpireAt = timestampFromDate(new Date(Date.now() + this.#accessLifetimeMs + 1000));
    await this.#outlets.publish(tx, SessionRevokedSchema, { userId, sessionId, reason: REVOCATION_REASON[reason], tokensExpireAt });
    await this.#audit(tx, userId, { action: END_ACTION[reason], outcome: "success", metadata: { session_id: sessionId, reason } });
  }

  async reuseDetected(tx: Transaction, session: Session, client: Client): Promise<void> {
    const { id: sessionId, userId, email } = session;
    const detected = { ipAddress: client.address, userAgent: client.userAgent, detectedAt: timestampFromDate(new Date()) };
    await this.#outlets.publish(tx, SessionReuseDetectedSchema, { userId, sessionId, email, ...detected });
    await this.#audit(tx, userId, { action: "session.reuse_detected", outcome: "denied", metadata: { session_id: sessionId } });
  }

  /** One entry and the same work whether there is such an account or not. */
  async loginFailed(tx: Transaction, attempt: Attempt, { userId, factor }: FailedLogin): Promise<void> {
    const metadata = { factor, account: attempt.account.toString("hex") };
    await this.#audit(tx, userId, { action: "user.login_failed", outcome: "failure", metadata });
  }

  async lockedOut(tx: Transaction, attempt: Attempt, { userId }: FailedLogin): Promise<void> {
    const metadata = { network: attempt.network, account: attempt.account.toString("hex") };
    await this.#audit(tx, userId, { action: "user.locked_out", outcome: "denied", metadata });
  }

  #audit(tx: Transaction, userId: string, entry: Pick<AuditEntry, "action" | "outcome" | "metadata">): Promise<void> {
    return this.#outlets.audit(tx, { ...entry, resource: "user", resourceId: userId, userId });
  }
}
