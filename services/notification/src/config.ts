import { parseDuration } from "@plinth/kernel/base";
import type { SmtpSettings } from "./channels/smtp.ts";
import type { WebhookSettings } from "./channels/webhook.ts";
import type { RetryRules } from "./domain/attempt.ts";
import type { SendingRules } from "./domain/ports.ts";
import type { SinkSettings } from "./sink/start-sink.ts";

/** As module.yaml describes it; durations as `30d`. */
export interface NotificationConfig {
  readonly smtp: SmtpSettings;
  readonly sink: SinkSettings;
  readonly retries: { readonly attempts: number; readonly initial: string; readonly max: string };
  readonly recipientLimit: { readonly requests: number; readonly per: string };
  readonly keepContent: string;
  readonly webhook: { readonly timeout: string; readonly allowPrivate: boolean; readonly signingKey?: string };
}

export function retryRules({ retries }: NotificationConfig): RetryRules {
  return { attempts: retries.attempts, initialMs: parseDuration(retries.initial), maxMs: parseDuration(retries.max) };
}

export function sendingRules({ recipientLimit, webhook }: NotificationConfig): SendingRules {
  return {
    recipientLimit: { requests: recipientLimit.requests, perMs: parseDuration(recipientLimit.per) },
    allowPrivateWebhooks: webhook.allowPrivate,
  };
}

export function webhookSettings({ webhook }: NotificationConfig): WebhookSettings {
  return { signingKey: signingKeyOf(webhook), timeoutMs: parseDuration(webhook.timeout), allowPrivate: webhook.allowPrivate };
}

export function signingKeyOf({ signingKey }: NotificationConfig["webhook"]): string {
  if (signingKey !== undefined) return signingKey;
  throw new Error("Webhooks cannot be signed: set NOTIFICATION_WEBHOOK_SIGNING_KEY, or let the platform make the secret.");
}
