import { type Clock, systemClock } from "@plinth/kernel/base";
import { follow, isAlreadyExists, isConflict, type KubeClient, resourcePath } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import { KINDS } from "../kube/kinds.ts";
import { createWriter } from "../kube/writer.ts";
import { authorityBundle, type CertificateMaterial, newMaterial, renewalDueInMs, renewMaterial } from "./certificate-material.ts";
import { buildCertificateSecret, readCertificateSecret, type SecretObject } from "./certificate-secret.ts";
import type { CertificateSource, ServedCertificate } from "./certificate-source.ts";

export interface SecretCertificateOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Of the Secret, which is made where it is missing. */
  readonly name: string;
  /** Names and addresses under which API servers reach the webhook. */
  readonly hosts: readonly string[];
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Timers of Node hold 24 days, and clocks may be set meanwhile. */
const LONGEST_SLEEP_MS = 60 * 60_000;
const RETRY_MS = 5_000;
const MAX_TRIES = 10;

/**
 * A certificate of our own, kept in a Secret that all replicas share. Whoever comes first makes and renews it: the API server takes one create and one
 * write a version, the others read what it took.
 */
export function createSecretCertificate(options: SecretCertificateOptions): CertificateSource {
  const { client, namespace, name, hosts, logger, clock = systemClock } = options;
  const now = (): Date => new Date(clock.now());

  /** The Secret's material, made or renewed where that is due. */
  async function ensure(signal: AbortSignal): Promise<CertificateMaterial> {
    for (let tries = 1; ; tries++) {
      try {
        return await ensureOnce(signal);
      } catch (error) {
        // Another replica was faster: what it wrote is read next.
        if (tries === MAX_TRIES || !(isConflict(error) || isAlreadyExists(error))) throw error;
      }
    }
  }

  async function ensureOnce(signal: AbortSignal): Promise<CertificateMaterial> {
    const secret = await client.find<SecretObject>(KINDS.Secret, { namespace, name }, { signal });
    const material = secret && readCertificateSecret(secret);
    const wanted = material === undefined ? await newMaterial(hosts, now()) : await renewMaterial(material, hosts, now());
    if (wanted === material) return material;
    const body = buildCertificateSecret(namespace, name, wanted);
    if (secret === undefined) {
      await createWriter(client).create(body, { signal });
    } else {
      const metadata = { ...body.metadata, resourceVersion: secret.metadata.resourceVersion };
      const path = resourcePath(KINDS.Secret, { namespace, name });
      // The type cannot be changed; it is whatever it was made with.
      await client.request({ method: "PUT", path, body: { ...body, type: secret.type, metadata }, signal });
    }
    logger.info(material === undefined ? "made the webhook's certificate" : "renewed the webhook's certificate", { secret: name });
    return wanted;
  }

  return {
    async start(onChange, signal) {
      let current = await ensure(signal);
      let cancel = (): void => undefined;

      function take(material: CertificateMaterial): void {
        const isNew =
          material.serving.certificate !== current.serving.certificate || authorityBundle(material) !== authorityBundle(current);
        current = material;
        if (isNew) onChange(served(material));
        sleep(Math.min(LONGEST_SLEEP_MS, renewalDueInMs(material, now())));
      }
      function sleep(ms: number): void {
        cancel();
        if (!signal.aborted) cancel = clock.after(ms, renew);
      }
      function renew(): void {
        ensure(signal).then(take, (error: unknown) => {
          if (signal.aborted) return;
          logger.warn("the webhook's certificate could not be looked after", { secret: name, error });
          sleep(RETRY_MS);
        });
      }
      function seen(secret: SecretObject | undefined): void {
        const material = secret && readCertificateSecret(secret);
        if (material === undefined) renew();
        else take(material);
      }
      signal.addEventListener("abort", () => cancel(), { once: true });
      void follow<SecretObject>(client, KINDS.Secret, {
        namespace,
        fieldSelector: `metadata.name=${name}`,
        logger,
        signal,
        onReplace: ([secret]) => seen(secret),
        onEvent: (type, secret) => seen(type === "DELETED" ? undefined : secret),
      });
      return served(current);
    },
  };
}

function served(material: CertificateMaterial): ServedCertificate {
  return { serving: material.serving, authorities: authorityBundle(material) };
}
