import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { defineService, type Service, type ServiceDefinition } from "@plinth/kernel/service";
import { freePort, type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { NotificationService } from "@plinth/proto/notification/v1/notification_pb";
import notification from "../src/index.ts";

/** A mail as the sink's API tells it. */
export interface SinkMail {
  readonly id: string;
  readonly from: string;
  readonly to: string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface NotificationHarness {
  readonly harness: ServiceHarness;
  readonly sinkUrl: string;
  readonly smtpPort: number;
  /** As the gateway, for no user. */
  readonly platform: ReturnType<typeof clientOf>;
  /** As the module that sends account mails; it may call SendTemplate alone. */
  readonly identity: ReturnType<typeof clientOf>;
  /** As a user, through the gateway. */
  as(id: string, tenantId?: string): ReturnType<typeof clientOf>;
  /** Waits for a mail to the address. */
  mailTo(address: string, subject?: string): Promise<SinkMail>;
  mailsTo(address: string): Promise<SinkMail[]>;
  /** As the publisher, by its outbox. */
  publish<M extends DescMessage>(schema: M, event: MessageInitShape<M>): Promise<void>;
}

const clientOf = (harness: ServiceHarness, module: string, user?: { id: string; tenantId: string }) =>
  harness.client("notification", NotificationService, { module, ...(user === undefined ? {} : { user }) });

/**
 * @param publisher Whose events are published. With auth there is nobody who signs users' tokens.
 */
export async function startNotification(
  env: Record<string, string> = {},
  publisher: "identity" | "auth" | "order" | "shipping" = "identity",
): Promise<NotificationHarness> {
  const [smtpPort, webPort] = [await freePort(), await freePort()];
  let outlet: Service<unknown> | undefined;
  const standIn = defineService(new URL(`../../${publisher}/src/index.ts`, import.meta.url).href, (service) => {
    outlet = service;
  });
  const harness = await startHarness({
    services: [standIn, notification] as ServiceDefinition<never>[],
    env: {
      NOTIFICATION_SMTP_PORT: String(smtpPort),
      NOTIFICATION_SINK_SMTP_PORT: String(smtpPort),
      NOTIFICATION_SINK_WEB_PORT: String(webPort),
      ...env,
    },
  });
  const sinkUrl = `http://127.0.0.1:${webPort}`;
  const mails = async (query: Record<string, string>) => {
    const answer = await fetch(`${sinkUrl}/api/mails?${new URLSearchParams(query)}`);
    return ((await answer.json()) as { mails: SinkMail[] }).mails;
  };
  return {
    harness,
    sinkUrl,
    smtpPort,
    platform: clientOf(harness, "gateway"),
    identity: clientOf(harness, "identity"),
    as: (id, tenantId = "default") => clientOf(harness, "gateway", { id, tenantId }),
    async mailTo(to, subject = "") {
      const [mail] = await mails({ to, subject, wait: "10" });
      if (mail === undefined) throw new Error(`No mail to ${to} came.`);
      return mail;
    },
    mailsTo: (to) => mails({ to }),
    async publish(schema, event) {
      await outlet?.database.transaction(async (tx) => outlet?.publish(tx, schema, event));
    },
  };
}
