import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { currentContext } from "@plinth/kernel/base";
import type { Transaction } from "@plinth/kernel/database";
import type { AuditEntry, Service } from "@plinth/kernel/service";
import {
  UserCreatedSchema,
  UserDeletedSchema,
  UserEmailVerifiedSchema,
  UserPasswordChanged_Cause,
  UserPasswordChangedSchema,
  UserUpdatedSchema,
} from "@plinth/proto/identity/v1/events_pb";
import type { User } from "../domain/user.ts";
import type { AccountMail, PasswordChange } from "../domain/user-store.ts";

/** The parts of a service through which a change of an account leaves the transaction that makes it. */
export type Outlets = Pick<Service<unknown>, "publish" | "audit" | "enqueue">;

/** Says what happened to an account: to other modules, to the audit trail, and to the user by mail. */
export class UserEvents {
  readonly #outlets: Outlets;

  constructor(outlets: Outlets) {
    this.#outlets = outlets;
  }

  async created(tx: Transaction, user: User): Promise<void> {
    const { id, email, username, firstName, lastName, locale, createdAt } = user;
    const createdAtStamp = timestampFromDate(createdAt);
    await this.#outlets.publish(tx, UserCreatedSchema, {
      userId: id,
      email,
      username,
      firstName,
      lastName,
      locale,
      createdAt: createdAtStamp,
    });
    await this.#audit(tx, "user.created", user);
  }

  async updated(tx: Transaction, user: User): Promise<void> {
    const { id, email, username, firstName, lastName, locale, updatedAt } = user;
    const blocked = user.status === "blocked";
    const updatedAtStamp = timestampFromDate(updatedAt);
    await this.#outlets.publish(tx, UserUpdatedSchema, {
      userId: id,
      email,
      username,
      firstName,
      lastName,
      locale,
      blocked,
      updatedAt: updatedAtStamp,
    });
    await this.#audit(tx, "user.updated", user, { status: user.status });
  }

  async deleted(tx: Transaction, user: User): Promise<void> {
    await this.#outlets.publish(tx, UserDeletedSchema, { userId: user.id, deletedAt: timestampFromDate(user.updatedAt) });
    await this.#audit(tx, "user.deleted", user);
  }

  async emailVerified(tx: Transaction, user: User): Promise<void> {
    const verifiedAt = timestampFromDate(user.updatedAt);
    await this.#outlets.publish(tx, UserEmailVerifiedSchema, { userId: user.id, email: user.email, verifiedAt });
    await this.#audit(tx, "user.email_verified", user);
  }

  async passwordChanged(tx: Transaction, user: User, { cause, keptSessionId }: PasswordChange, at: Date): Promise<void> {
    await this.#outlets.publish(tx, UserPasswordChangedSchema, {
      userId: user.id,
      cause: cause === "reset" ? UserPasswordChanged_Cause.RESET : UserPasswordChanged_Cause.CHANGE,
      keptSessionId,
      changedAt: timestampFromDate(at),
    });
    await this.#audit(tx, "user.password_changed", user, { cause });
  }

  async mail(tx: Transaction, mail: AccountMail): Promise<void> {
    const { template, to, locale, variables, token } = mail;
    await this.#outlets.enqueue(tx, "send-mail", {
      template,
      to,
      locale,
      variables,
      userId: token.userId,
      dedupeKey: token.hash.toString("hex"),
    });
  }

  async #audit(tx: Transaction, action: string, user: User, metadata: Record<string, string> = {}): Promise<void> {
    // Nobody is signed in who registers, verifies an address or resets a password: the account's owner acts.
    const userId = currentContext()?.user?.id ?? user.id;
    const entry: AuditEntry = { action, resource: "user", resourceId: user.id, outcome: "success", userId, metadata };
    await this.#outlets.audit(tx, entry);
    await tx.query("insert into user_history (tenant_id, user_id, action) values ($1, $2, $3)", [user.tenantId, user.id, action]);
  }
}
