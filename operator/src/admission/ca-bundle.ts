import { type Clock, systemClock } from "@plinth/kernel/base";
import { follow, type KubeClient, type KubeObject, type Resource } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import { KINDS } from "../kube/kinds.ts";
import { createWriter } from "../kube/writer.ts";

/** A ValidatingWebhookConfiguration or MutatingWebhookConfiguration, as far as it concerns us. */
export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig: { readonly caBundle?: string } }[];
}

export interface CaBundleOptions {
  readonly client: KubeClient;
  /** Both configurations have this name; all their webhooks are ours. */
  readonly name: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Tells the API server by whom our certificates are signed. */
export interface CaBundle {
  /** PEM. What is in the configurations is replaced where it differs, now and whenever somebody changes it, until the signal aborts. */
  set(authorities: string): void;
}

const RETRY_MS = 5_000;

/**
 * The steps that put `authorities` into a configuration; none where it is there. Each is preceded by a test of the webhook's name: were the list
 * changed meanwhile, nothing is written.
 */
export function caBundlePatch({ webhooks = [] }: WebhookConfiguration, authorities: string): { op: string; path: string; value: string }[] {
  const caBundle = Buffer.from(authorities).toString("base64");
  return webhooks.flatMap(({ name, clientConfig }, index) =>
    clientConfig.caBundle === caBundle
      ? []
      : [
          { op: "test", path: `/webhooks/${index}/name`, value: name },
          { op: "add", path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle },
        ],
  );
}

/** Follows both configurations. Every replica does so: the second finds nothing to write. */
export function keepCaBundle({ client, name, logger, clock = systemClock }: CaBundleOptions, signal: AbortSignal): CaBundle {
  const writer = createWriter(client);
  let authorities: string | undefined;
  const seen = new Map<Resource, WebhookConfiguration>();

  async function write(resource: Resource): Promise<void> {
    const configuration = seen.get(resource);
    if (configuration === undefined || authorities === undefined || signal.aborted) return;
    const patch = caBundlePatch(configuration, authorities);
    if (patch.length === 0) return;
    await writer.patch(configuration, patch, { type: "json", signal });
    logger.info("told the API server whom the webhook's certificate is signed by", { kind: resource.kind, name });
  }
  function attend(resource: Resource): void {
    write(resource).catch((error: unknown) => {
      if (signal.aborted) return;
      logger.warn("the API server could not be told whom the webhook's certificate is signed by", { kind: resource.kind, name, error });
      clock.after(RETRY_MS, () => attend(resource));
    });
  }

  const resources = [KINDS.ValidatingWebhookConfiguration, KINDS.MutatingWebhookConfiguration];
  for (const resource of resources) {
    const take = (configuration: WebhookConfiguration | undefined): void => {
      if (configuration === undefined) seen.delete(resource);
      else seen.set(resource, configuration);
      attend(resource);
    };
    void follow<WebhookConfiguration>(client, resource, {
      fieldSelector: `metadata.name=${name}`,
      logger,
      signal,
      onReplace: ([configuration]) => take(configuration),
      onEvent: (type, configuration) => take(type === "DELETED" ? undefined : configuration),
    });
  }
  return {
    set(next) {
      authorities = next;
      for (const resource of resources) attend(resource);
    },
  };
}
