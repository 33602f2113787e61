import type { Logger } from "@plinth/kernel/logging";
import type { SinkMailStore } from "./caught-mail.ts";
import { createMailApi } from "./mail-api.ts";
import { createMailBell } from "./mail-bell.ts";
import { startSmtpSink } from "./smtp-sink.ts";
import { startWebView } from "./web-view.ts";

export interface SinkSettings {
  readonly enabled: boolean;
  readonly host: string;
  readonly smtpPort: number;
  readonly webPort: number;
  /** Mails that are kept. */
  readonly keep: number;
}

export interface MailSink {
  readonly smtpPort: number;
  readonly webPort: number;
  close(): Promise<void>;
}

/** Starts the mail server that sends nothing, and the page that shows what it caught. */
export async function startSink({ host, smtpPort, webPort }: SinkSettings, mails: SinkMailStore, logger: Logger): Promise<MailSink> {
  const bell = createMailBell();
  const web = await startWebView({ host, port: webPort, api: createMailApi(mails, bell), logger });
  const smtp = await startSmtpSink({ host, port: smtpPort, mails, onMail: () => bell.ring(), logger }).catch(async (error: unknown) => {
    await web.close();
    throw error;
  });
  logger.info("Mails are caught, not sent", { smtp: `${host}:${smtp.port}`, page: `http://${host}:${web.port}` });
  return {
    smtpPort: smtp.port,
    webPort: web.port,
    async close() {
      bell.close();
      await Promise.all([web.close(), smtp.close()]);
    },
  };
}
