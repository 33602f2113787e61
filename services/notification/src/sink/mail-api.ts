import type { CaughtMail, MailQuery, SinkMailStore } from "./caught-mail.ts";
import type { MailBell } from "./mail-bell.ts";

const MAX_WAIT_S = 30;
const USUAL_LIMIT = 50;
const MAX_LIMIT = 500;
const MAX_TEXT = 320;
/** The bell tells of mails that came here; another replica may have caught one. */
const LOOK_AGAIN_MS = 1000;

/** A mail's HTML comes from anywhere: no script, no request to anywhere; links open in a window of their own. */
export const MAIL_HTML_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'",
};

/** What programs and the page ask the sink. */
export interface MailApi {
  /** Newest first; with `wait` as soon as there is one, at the latest after so many seconds. Throws RangeError for a wrong parameter. */
  list(parameters: URLSearchParams, gone: AbortSignal): Promise<CaughtMail[]>;
  find(id: string): Promise<CaughtMail | undefined>;
  raw(id: string): Promise<Buffer | undefined>;
  clear(): Promise<void>;
}

export function createMailApi(mails: SinkMailStore, bell: MailBell): MailApi {
  return {
    async list(parameters, gone) {
      const query: MailQuery = {
        to: textOf(parameters, "to"),
        subject: textOf(parameters, "subject"),
        after: textOf(parameters, "after"),
        limit: numberOf(parameters, "limit", USUAL_LIMIT, MAX_LIMIT),
      };
      const limit = AbortSignal.any([gone, AbortSignal.timeout(numberOf(parameters, "wait", 0, MAX_WAIT_S) * 1000)]);
      for (;;) {
        // Asked for before the look, so that a mail that comes in between is not missed.
        const rung = bell.next(AbortSignal.any([limit, AbortSignal.timeout(LOOK_AGAIN_MS)]));
        const found = await mails.list(query);
        if (found.length > 0 || limit.aborted) return found;
        if (!(await rung) && (limit.aborted || bell.closed)) return found;
      }
    },
    find: (id) => mails.find(id),
    raw: (id) => mails.findRaw(id),
    clear: () => mails.clear(),
  };
}

function textOf(parameters: URLSearchParams, name: string): string {
  const text = parameters.get(name) ?? "";
  if (text.length > MAX_TEXT || text.includes("\0")) throw new RangeError(`${name} must be at most ${MAX_TEXT} characters`);
  return text;
}

function numberOf(parameters: URLSearchParams, name: string, usual: number, max: number): number {
  const text = parameters.get(name);
  if (text === null) return usual;
  const value = Number(text);
  if (!/^\d{1,4}$/.test(text) || value > max) throw new RangeError(`${name} must be a whole number from 0 to ${max}; got "${text}"`);
  return value;
}
