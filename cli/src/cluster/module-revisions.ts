import type { KubeClient, KubeObject } from "@plinth/kernel/kube";
import { checkModule, type Module, type ModuleStatus } from "@plinth/module";
import { KINDS, MODULE_LABEL, type Revision, readRevision, revisionName } from "@plinth/operator";
import type { OpenedCluster } from "./open-cluster.ts";

/** A revision of a module, with where it stands. */
export interface ModuleRevision extends Revision {
  readonly createdAt: string;
  /** `serves`: now. `coming`: it is being rolled out. `failed`: it was rolled back from. `declared`: it is what the Module says, and not accepted. */
  readonly state: "serves" | "coming" | "failed" | "declared" | "";
}

export interface ModuleHistory {
  readonly object: KubeObject;
  readonly module: Module;
  readonly status: ModuleStatus;
  /** Name of the revision that the Module's spec is, whether or not it was accepted. */
  readonly declared: string;
  /** Newest first. */
  readonly revisions: readonly ModuleRevision[];
}

/** Reads a module and what it was before. Throws where it is not there. */
export async function readHistory({ client, namespace }: OpenedCluster, name: string): Promise<ModuleHistory> {
  const object = await client.find(KINDS.Module, { namespace, name });
  if (object === undefined) throw new Error(`There is no Module ${name} in ${namespace}. Name another namespace by --namespace.`);
  const { module, draft } = checkModule(object);
  const read = module ?? draft;
  if (read === undefined) throw new Error(`The Module ${name} cannot be read: kubectl describe module ${name}`);
  const status = (object.status ?? {}) as ModuleStatus;
  const declared = revisionName(read);
  const revisions = (await listRevisions(client, namespace, object)).map((revision) => ({
    ...revision,
    state: stateOf(revision.name, status, declared),
  }));
  return { object, module: read, status, declared, revisions };
}

async function listRevisions(client: KubeClient, namespace: string, { metadata }: KubeObject): Promise<Omit<ModuleRevision, "state">[]> {
  const { items } = await client.list(KINDS.ControllerRevision, { namespace, labelSelector: `${MODULE_LABEL}=${metadata.name}` });
  return items
    .filter((item) => item.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid))
    .flatMap((item) => {
      const revision = readRevision(item);
      return revision === undefined ? [] : [{ ...revision, createdAt: item.metadata.creationTimestamp ?? "" }];
    })
    .sort((a, b) => b.number - a.number);
}

function stateOf(
  name: string,
  { currentRevision, updateRevision, failedRevision }: ModuleStatus,
  declared: string,
): ModuleRevision["state"] {
  if (name === currentRevision) return "serves";
  if (name === failedRevision) return "failed";
  if (name === updateRevision) return "coming";
  return name === declared ? "declared" : "";
}
