import type { Clock } from "@plinth/kernel/base";
import type { KubeClient } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import { reservedSecrets } from "../module/reserved-secrets.ts";
import { createAdmissionMetrics } from "./admission-metrics.ts";
import { type AdmissionServer, type Handler, startAdmissionServer } from "./admission-server.ts";
import { type CaBundle, keepCaBundle } from "./ca-bundle.ts";
import type { ServedCertificate } from "./certificate-source.ts";
import { defaultModule } from "./default-module.ts";
import { createFileCertificate } from "./file-certificate.ts";
import { type ModulesIn, reviewModule } from "./review-module.ts";
import { createSecretCertificate } from "./secret-certificate.ts";

/** Where the webhooks are asked. */
export const VALIDATE_PATH = "/validate/modules";
export const MUTATE_PATH = "/mutate/modules";
export const WEBHOOK_PORT = 9443;

export interface WebhookOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly metrics: Parameters<typeof createAdmissionMetrics>[0];
  /** The operator's cache: as new as its watch. */
  readonly modulesIn: ModulesIn;
  /** With the administrator's URL of Postgres: no Module may name it. */
  readonly databaseSecret: string;
  /** The operator's own. */
  readonly namespace: string;
  /** Of the operator's release, in whose names the others begin: Secret `<name>-webhook-tls`, Service and both configurations `<name>-webhook`. */
  readonly name: string;
  /** A folder with `tls.crt` and `tls.key` that others keep, as cert-manager does; without it the certificate is made and renewed here. */
  readonly certificateFolder?: string;
  /** 0 takes any free port; `WEBHOOK_PORT` unless given. */
  readonly port?: number;
  readonly host?: string;
  /** Names or addresses under which API servers come, besides those of the Service. */
  readonly hosts?: readonly string[];
  readonly clock?: Clock;
}

export interface Webhook {
  readonly port: number;
  /** Answers what has begun, and looks after its certificate no longer. */
  stop(): Promise<void>;
}

/** Starts to answer admission reviews of Modules. All replicas do, the leader and those that wait. */
export async function startWebhook(options: WebhookOptions): Promise<Webhook> {
  const { client, logger, metrics, modulesIn, namespace, name, certificateFolder, port = WEBHOOK_PORT, host, clock } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const service = `${name}-webhook.${namespace}.svc`;
  const shared = { logger, ...(clock !== undefined && { clock }) };
  const source =
    certificateFolder === undefined
      ? createSecretCertificate({ client, namespace, name: `${name}-webhook-tls`, hosts: [service, ...(options.hosts ?? [])], ...shared })
      : createFileCertificate({ folder: certificateFolder, ...shared });
  let server: AdmissionServer | undefined;
  let bundle: CaBundle | undefined;
  let current: ServedCertificate;
  function serve(certificate: ServedCertificate): void {
    current = certificate;
    // Whoever asks must trust the new one before it is shown: a new authority is announced a day before it signs.
    if (certificate.authorities !== undefined) bundle?.set(certificate.authorities);
    server?.setCertificate(certificate.serving);
  }
  try {
    current = await source.start(serve, signal);
    const handlers = new Map<string, Handler>([
      [VALIDATE_PATH, (request) => reviewModule(request, modulesIn, reservedSecrets(options.databaseSecret))],
      [MUTATE_PATH, defaultModule],
    ]);
    const listening = await startAdmissionServer({
      ...{ handlers, logger, port, serving: current.serving },
      metrics: createAdmissionMetrics(metrics),
      ...(host !== undefined && { host }),
    });
    server = listening;
    if (current.authorities !== undefined) bundle = keepCaBundle({ client, name: `${name}-webhook`, ...shared }, signal);
    serve(current);
    logger.info("the webhook listens", { port: listening.port });
    return {
      port: listening.port,
      async stop() {
        stopping.abort(new Error("The webhook stops."));
        await listening.close();
      },
    };
  } catch (error) {
    stopping.abort(error);
    throw error;
  }
}
