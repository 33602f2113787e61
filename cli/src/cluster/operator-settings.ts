import { readFileSync } from "node:fs";
import { KubeError, type KubeObject } from "@plinth/kernel/kube";
import { DEFAULT_SETTINGS, KINDS, type Settings } from "@plinth/operator";
import { parse } from "yaml";
import type { OpenedCluster } from "./open-cluster.ts";

/** How the chart marks the ConfigMap that it gives the operator. */
const LABELS = "app.kubernetes.io/part-of=plinth,app.kubernetes.io/component=operator";
const KEY = "settings.yaml";

/** Settings of a file, over the defaults. */
export function settingsOfFile(file: string): Settings {
  return overDefaults(readFileSync(file, "utf8"));
}

/** What the operator of this cluster runs with: that of the namespace, else of any. Undefined where its ConfigMap cannot be found or read. */
export async function findOperatorSettings({ client, namespace }: OpenedCluster): Promise<Settings | undefined> {
  for (const at of [{ namespace }, {}]) {
    const { items } = await client.list(KINDS.ConfigMap, { ...at, labelSelector: LABELS }).catch((error: unknown) => {
      if (error instanceof KubeError && error.status === 403) return { items: [] as KubeObject[] };
      throw error;
    });
    const text = items
      .map(({ data }) => (data as Readonly<Record<string, string>> | undefined)?.[KEY])
      .find((found) => found !== undefined);
    if (text !== undefined) return overDefaults(text);
  }
  return undefined;
}

function overDefaults(text: string): Settings {
  const given = parse(text) as Partial<Settings> | null;
  const { network, monitoring } = DEFAULT_SETTINGS;
  const own = { network: { ...network, ...given?.network }, monitoring: { ...monitoring, ...given?.monitoring } };
  return { ...DEFAULT_SETTINGS, ...given, ...own };
}
