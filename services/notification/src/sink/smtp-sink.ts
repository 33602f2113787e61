import { buffer } from "node:stream/consumers";
import { newId } from "@plinth/kernel/base";
import type { Logger } from "@plinth/kernel/logging";
import PostalMime from "postal-mime";
import { SMTPServer } from "smtp-server";
import type { CaughtMail, SinkMailStore } from "./caught-mail.ts";
import { listenOn } from "./listen-on.ts";

const MAX_MAIL_BYTES = 5 * 1024 * 1024;
const MAX_CLIENTS = 50;
/** At a stop, for clients that keep their connection open. */
const CLOSE_MS = 1000;

export interface SmtpSinkOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly mails: SinkMailStore;
  readonly onMail: () => void;
  readonly logger: Logger;
}

/** A mail server that keeps every mail and passes none on. A mail is acknowledged when it is kept. */
export async function startSmtpSink(options: SmtpSinkOptions): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { mails, logger } = options;
  const server = new SMTPServer({
    name: "plinth-mail-sink",
    banner: "Plinth mail sink",
    // On the own machine there is nobody to hide from, and no certificate that would hold.
    disabledCommands: ["AUTH", "STARTTLS"],
    size: MAX_MAIL_BYTES,
    maxClients: MAX_CLIENTS,
    disableReverseLookup: true,
    closeTimeout: CLOSE_MS,
    onData(stream, { envelope }, done) {
      const keep = async () => {
        const raw = await buffer(stream);
        if (stream.sizeExceeded) throw Object.assign(new Error(`A mail may have ${MAX_MAIL_BYTES} bytes`), { responseCode: 552 });
        const to = envelope.rcptTo.map(({ address }) => address);
        const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
        await mails.insert(await read(raw, from, to), raw);
        options.onMail();
      };
      keep().then(
        () => done(null),
        (error: Error) => {
          logger.warn("The mail sink could not keep a mail", { error });
          done(error);
        },
      );
    },
  });
  server.on("error", (error) => logger.debug("A connection to the mail sink broke", { error }));
  const port = await listenOn(server.server, options.host, options.port, "sink.smtpPort");
  return {
    port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function read(raw: Buffer, from: string, to: readonly string[]): Promise<CaughtMail> {
  const { subject = "", text = "", html = "" } = await PostalMime.parse(raw);
  return { id: newId("mail"), receivedAt: new Date(), from, to, subject: clean(subject), text: clean(text), html: clean(html) };
}

/** Postgres keeps no U+0000. */
function clean(text: string): string {
  return text.replaceAll("\0", "");
}
