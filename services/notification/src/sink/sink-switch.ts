import type { Logger } from "@plinth/kernel/logging";
import type { SmtpSettings } from "../channels/smtp.ts";
import type { SinkMailStore } from "./caught-mail.ts";
import { type MailSink, type SinkSettings, startSink } from "./start-sink.ts";

/** The sink where it is enabled. While it is, no mail goes anywhere else, whatever mail server is configured. */
export interface SinkSwitch {
  start(): Promise<void>;
  /** Where mails go. Answers the same object as long as nothing changes. */
  settings(smtp: SmtpSettings): SmtpSettings;
  close(): Promise<void>;
}

export function sinkSwitch(wanted: SinkSettings, mails: SinkMailStore, logger: Logger): SinkSwitch {
  let sink: MailSink | undefined;
  let known: { readonly smtp: SmtpSettings; readonly caught: SmtpSettings } | undefined;
  return {
    async start() {
      if (wanted.enabled) sink = await startSink(wanted, mails, logger);
    },
    settings(smtp) {
      if (!wanted.enabled) return smtp;
      const port = sink?.smtpPort ?? wanted.smtpPort;
      if (known?.smtp !== smtp || known.caught.port !== port) {
        known = { smtp, caught: { host: wanted.host, port, secure: false, from: smtp.from } };
      }
      return known.caught;
    },
    close: async () => sink?.close(),
  };
}
