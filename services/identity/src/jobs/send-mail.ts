import type { Client } from "@plinth/kernel/client";
import { Channel, type NotificationService } from "@plinth/proto/notification/v1/notification_pb";

export interface AccountMailJob {
  readonly template: "verify-email" | "reset-password";
  readonly to: string;
  readonly locale: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly userId: string;
  /** Of the token in the mail: a job that is tried again sends no second mail. */
  readonly dedupeKey: string;
}

/** Pages of the platform that take the token of a mail. */
const PAGES = { "verify-email": "/account/verify-email?token=", "reset-password": "/account/reset-password?token=" } as const;

/** Hands a mail to the notification module; throws while that is away, and the job is tried again. */
export function mailSender(
  notification: Client<typeof NotificationService>,
  publicUrl: () => string,
): (job: AccountMailJob) => Promise<void> {
  return async ({ template, to, locale, variables, userId, dedupeKey }) => {
    const link = `${publicUrl()}${PAGES[template]}${encodeURIComponent(variables.token ?? "")}`;
    await notification.sendTemplate(
      { template, recipient: { userId, email: to, locale }, variables: { ...variables, link }, channels: [Channel.EMAIL], dedupeKey },
      { idempotencyKey: dedupeKey },
    );
  };
}
