import { createPrivateKey, X509Certificate } from "node:crypto";
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, systemClock } from "@plinth/kernel/base";
import type { Logger } from "@plinth/kernel/logging";
import type { KeyPair } from "./authority.ts";
import type { CertificateSource } from "./certificate-source.ts";

export interface FileCertificateOptions {
  /** Holds `tls.crt` and `tls.key`, as cert-manager's Secret does when it is mounted. */
  readonly folder: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Some file systems tell of no change. */
const LOOK_EVERY_MS = 60_000;

/** A certificate that others make and renew; who trusts it is their business as well. */
export function createFileCertificate({ folder, logger, clock = systemClock }: FileCertificateOptions): CertificateSource {
  return {
    async start(onChange, signal) {
      let current = await readPair(folder);
      let cancel = (): void => undefined;

      async function look(): Promise<void> {
        try {
          const next = await readPair(folder);
          if (next.certificate !== current.certificate && !signal.aborted) {
            current = next;
            onChange({ serving: next });
          }
        } catch (error) {
          // The kubelet exchanges the whole folder at once, others write one file after the other: the next look finds both.
          logger.warn("the webhook's certificate cannot be read; the one before is served on", { folder, error });
        }
      }
      function lookAgainLater(): void {
        if (signal.aborted) return;
        cancel = clock.after(LOOK_EVERY_MS, () => void look().then(lookAgainLater));
      }
      const watcher = watch(folder, { signal, persistent: false }, () => void look());
      watcher.on("error", (error) => logger.warn("the webhook's certificate is only looked at once a minute", { folder, error }));
      signal.addEventListener("abort", () => cancel(), { once: true });
      lookAgainLater();
      return { serving: current };
    },
  };
}

async function readPair(folder: string): Promise<KeyPair> {
  const [certificate, key] = await Promise.all(["tls.crt", "tls.key"].map((file) => readFile(join(folder, file), "utf8")));
  if (!new X509Certificate(certificate ?? "").checkPrivateKey(createPrivateKey(key ?? "")))
    throw new Error(`The key in ${folder}/tls.key does not belong to the certificate in ${folder}/tls.crt.`);
  return { certificate: certificate ?? "", key: key ?? "" };
}
