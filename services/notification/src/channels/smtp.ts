import { createTransport, type Transporter } from "nodemailer";
import { type Deliver, Undelivered } from "../domain/attempt.ts";

/** The mail server that takes our mails. */
export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else STARTTLS where the server offers it. */
  readonly secure: boolean;
  readonly from: string;
  readonly user?: string;
  readonly password?: string;
}

export interface SmtpChannel {
  readonly deliver: Deliver;
  close(): void;
}

const CONNECT_MS = 10_000;
/** Without a byte; a mail server may think about a message for long. */
const SILENCE_MS = 60_000;

/** Mails by SMTP. `settings` is asked for each mail: changed settings open new connections. */
export function smtpChannel(settings: () => SmtpSettings): SmtpChannel {
  let closing = false;
  let current: { readonly settings: SmtpSettings; readonly transport: Transporter } | undefined;
  const transportFor = (wanted: SmtpSettings): Transporter => {
    if (current?.settings === wanted) return current.transport;
    // Sends what it has in hand first.
    current?.transport.close();
    current = { settings: wanted, transport: openTransport(wanted, !closing) };
    return current.transport;
  };
  return {
    async deliver({ delivery, content }) {
      const wanted = settings();
      try {
        const { response } = (await transportFor(wanted).sendMail({
          from: wanted.from,
          to: { name: "", address: delivery.destination },
          subject: content.subject,
          text: content.text,
          ...(content.html === "" ? {} : { html: content.html }),
          // The same at each attempt: where a mail was taken and the answer got lost, mailboxes recognise the second one.
          messageId: `<${delivery.id}@${domainOf(wanted.from)}>`,
          date: delivery.createdAt,
          headers: { "Auto-Submitted": "auto-generated" },
        })) as { response?: string };
        return (response ?? "").slice(0, 200);
      } catch (error) {
        throw undelivered(error);
      }
    },
    close() {
      // What is still sent during a stop keeps no connection open behind itself.
      closing = true;
      current?.transport.close();
      current = undefined;
    },
  };
}

function openTransport({ host, port, secure, user, password }: SmtpSettings, keepOpen: boolean): Transporter {
  const login = user === undefined || user === "" ? {} : { auth: { user, pass: password ?? "" } };
  return createTransport({
    host,
    port,
    secure,
    ...login,
    // A password does not travel in the clear.
    requireTLS: !secure && "auth" in login,
    ...(keepOpen ? { pool: true, maxConnections: 5 } : {}),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

function undelivered(error: unknown): Undelivered {
  const { message, responseCode = 0, command = "" } = error as { message: string; responseCode?: number; command?: string };
  // Of the recipient or the message; a refusal of the sender or the login can be mended, and the mail goes out then.
  const permanent = responseCode >= 500 && /^(RCPT TO|DATA)$/.test(command);
  return new Undelivered(`mail server: ${message}`, { permanent, cause: error });
}

function domainOf(from: string): string {
  return /@([A-Za-z0-9.-]+)/.exec(from)?.[1] ?? "plinth.local";
}
