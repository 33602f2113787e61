import { type KubeClient, KubeError } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import { KINDS, type Kind } from "../kube/kinds.ts";
import type { Settings } from "../module/settings.ts";

/**
 * The settings without what this cluster cannot have: objects whose CRD is not installed are not made. One that is installed later is seen at the next
 * start.
 */
export async function withServedKinds<S extends Settings>(client: KubeClient, settings: S, logger: Logger): Promise<S> {
  const { monitoring, exposure, ...rest } = settings;
  const allowed = async (wanted: boolean, kind: Kind): Promise<boolean> => {
    if (!wanted || (await isServed(client, kind))) return wanted;
    logger.warn("a kind that is asked for is not installed here, and is left out", { kind: kind.kind, group: kind.group });
    return false;
  };
  const [serviceMonitors, prometheusRules, isExposed] = await Promise.all([
    allowed(monitoring.serviceMonitors, KINDS.ServiceMonitor),
    allowed(monitoring.prometheusRules, KINDS.PrometheusRule),
    allowed(exposure !== undefined, KINDS[exposure?.kind ?? "Ingress"]),
  ]);
  const known = { ...rest, monitoring: { ...monitoring, serviceMonitors, prometheusRules } };
  return (isExposed ? { ...known, exposure } : known) as S;
}

async function isServed(client: KubeClient, { group, version, plural }: Kind): Promise<boolean> {
  try {
    const found = await client.request<{ resources?: readonly { name: string }[] }>({ method: "GET", path: `/apis/${group}/${version}` });
    return found.resources?.some(({ name }) => name === plural) ?? false;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return false;
    throw error;
  }
}
