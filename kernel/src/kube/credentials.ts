import { readFile } from "node:fs/promises";
import { type Clock, systemClock } from "../base/clock.ts";

/** How the API server is told from others, and who we are by certificate. PEM texts. */
export interface TlsIdentity {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name in the server's certificate where it is not the host's. */
  readonly servername?: string;
  /** False: any server is believed. Only where a kubeconfig says so. */
  readonly verify?: boolean;
}

export interface Credentials {
  /** The same object as long as nothing in it changed: another one means new sockets. */
  readonly tls: TlsIdentity;
  /** `authorization` as `Bearer …`, and whom to act as. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Where credentials come from. They change while the process runs. */
export interface CredentialSource {
  /** Asked before each request, so the answer must be cheap when nothing changed. */
  current(): Credentials | Promise<Credentials>;
  /** Reads anew: the server did not accept the last ones. True when there are others now. */
  renew(): Promise<boolean>;
}

export interface CredentialFiles {
  readonly ca?: string;
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The kubelet changes a token long before it ends, and an old CA is trusted beside the new one for a time. */
const RECHECK_MS = 10_000;

/**
 * Credentials in files that others replace: read again while requests are made, and at once when the server refuses them. Throws when they
 * cannot be read the first time; later the last good ones stay.
 */
export async function openFileCredentials(
  files: CredentialFiles,
  options: { recheckMs?: number; servername?: string; clock?: Clock } = {},
): Promise<CredentialSource> {
  const { recheckMs = RECHECK_MS, servername, clock = systemClock } = options;
  let current = await read();
  let readAt = clock.elapsed();
  let reading: Promise<boolean> | undefined;

  async function read(before?: Credentials): Promise<Credentials> {
    const [ca, token, cert, key] = await Promise.all([files.ca, files.token, files.cert, files.key].map(textOf));
    const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), ...(servername && { servername }) };
    return {
      tls: before !== undefined && sameTls(before.tls, tls) ? before.tls : tls,
      headers: token ? { authorization: `Bearer ${token.trim()}` } : {},
    };
  }

  function renew(): Promise<boolean> {
    reading ??= (async () => {
      try {
        const next = await read(current);
        const changed = next.tls !== current.tls || next.headers.authorization !== current.headers.authorization;
        if (changed) current = next;
        return changed;
      } catch {
        // In the middle of a replacement.
        return false;
      } finally {
        readAt = clock.elapsed();
        reading = undefined;
      }
    })();
    return reading;
  }

  return {
    current() {
      // Nobody waits for the reading: what is known is good for some more requests.
      if (clock.elapsed() - readAt >= recheckMs) void renew();
      return current;
    },
    renew,
  };
}

function textOf(file: string | undefined): Promise<string> | undefined {
  return file === undefined ? undefined : readFile(file, "utf8");
}

/** Compares by content: files are replaced by the same as well. */
export function sameTls(one: TlsIdentity, other: TlsIdentity): boolean {
  return (
    one.ca === other.ca &&
    one.cert === other.cert &&
    one.key === other.key &&
    one.servername === other.servername &&
    one.verify === other.verify
  );
}
