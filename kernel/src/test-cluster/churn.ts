import type { KubeClient } from "../kube/client.ts";
import type { KubeObject, Resource } from "../kube/object.ts";
import { resourcePath } from "../kube/resource-path.ts";

export const CONFIG_MAPS: Resource = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };

/** Objects that come, change and go. */
export interface Churn {
  readonly labelSelector: string;
  /** So many writes more, one after the other. */
  run(writes: number): Promise<void>;
  /** Resource version by name of what is there. */
  present(): Promise<Record<string, string>>;
}

const OBJECTS = 30;

/** ConfigMaps in the namespace `default`, each of which is made, changed twice and deleted in turn, so that there are always some in each state. */
export function createChurn(client: KubeClient, label: string): Churn {
  const labelSelector = `churn=${label}`;
  let count = 0;

  async function write(): Promise<void> {
    const turn = count++;
    const name = `${label}-${turn % OBJECTS}`;
    const at = { namespace: "default", name };
    // Each name is shifted by one, so that a round does not do the same to all.
    const step = (Math.floor(turn / OBJECTS) + (turn % OBJECTS)) % 4;
    if (step === 3) {
      if (await client.find(CONFIG_MAPS, at)) await client.request({ method: "DELETE", path: resourcePath(CONFIG_MAPS, at) });
      return;
    }
    // Characters of several bytes, since streams are cut anywhere.
    const object: KubeObject = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { ...at, labels: { churn: label } },
      data: { turn: String(turn), text: "äöü€😀".repeat(20) },
    };
    await client.request({
      method: "PATCH",
      path: resourcePath(CONFIG_MAPS, at),
      query: { fieldManager: "churn", force: true },
      contentType: "application/apply-patch+yaml",
      body: object,
    });
  }

  return {
    labelSelector,
    async run(writes) {
      for (let left = writes; left > 0; left--) await write();
    },
    async present() {
      const { items } = await client.list(CONFIG_MAPS, { namespace: "default", labelSelector });
      return Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion ?? ""]));
    },
  };
}
