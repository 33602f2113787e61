import { type KubeClient, KubeError, type KubeObject, resourcePath } from "@plinth/kernel/kube";
import { checkModule, type Module, type ModuleStatus, neighbourhoods, type Problem, resolve } from "@plinth/module";
import { KINDS } from "../kube/kinds.ts";
import { isMarkedCreated } from "../kube/ownership.ts";
import { createWriter, type Writer } from "../kube/writer.ts";
import { databaseAccess } from "../module/database-access.ts";
import { DESIRED_HASH } from "../module/desired/desired-hash.ts";
import { databaseSecretName, ownerSecretName } from "../module/desired/names.ts";
import { needsPostgres } from "../module/desired/needs-postgres.ts";
import { MIGRATION_ANNOTATION } from "../module/migration-jobs.ts";
import { hasOwnedFields } from "../module/owned-fields.ts";
import type { Parts } from "../module/parts.ts";
import { findObsolete } from "../module/prune.ts";
import { relatedTo } from "../module/related-modules.ts";
import { reservedSecrets } from "../module/reserved-secrets.ts";
import { resolveModule } from "../module/resolved.ts";
import { latestRevision, type Revision, readRevision, revisionName } from "../module/revisions.ts";
import type { Settings } from "../module/settings.ts";
import { desiredChildren } from "./desired-children.ts";
import { tryHandedOver } from "./dropped-fields.ts";
import { type LiveObjects, readLiveObjects } from "./live-objects.ts";
import type { ModulePlan, Plan, PlannedObject } from "./plan.ts";

export interface ClusterPlanOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Those that the operator of this cluster runs with. */
  readonly settings: Settings;
  /** Broken parts of the files, and what is wrong with them. */
  readonly drafts: readonly Module[];
  readonly problems: readonly Problem[];
}

/**
 * What the operator would do in a cluster if `declared` were applied: asked of the API server object by object, which answers as if it wrote. Of other
 * modules, those are looked at that the change concerns. It is shown how it will be in the end, whatever of it waits.
 */
export async function planCluster(declared: readonly Module[], options: ClusterPlanOptions): Promise<Plan> {
  const { client, namespace, drafts, problems } = options;
  const writer = createWriter(client);
  const [{ items }, live] = await Promise.all([client.list(KINDS.Module, { namespace }), readLiveObjects(client, namespace)]);
  const before = new Map(items.map((item) => [item.metadata.name, { ...item, apiVersion: "plinth.dev/v1alpha1", kind: "Module" }]));
  const accepted = await Promise.all(declared.map((module) => tryModule(client, module, before.get(module.metadata.name), namespace)));
  const after = new Map(before);
  for (const object of accepted) after.set(object.metadata.name, object);

  const modules = [...after.values()].flatMap((object) => checkModule(object).module ?? []);
  const names = new Set(declared.map(({ metadata }) => metadata.name));
  const { rejected, waiting, warnings } = resolve(modules, {
    drafts,
    problems,
    isReservedSecret: reservedSecrets(options.settings.databaseSecret),
    ...stateOf([...before.values()]),
  });
  const refused = new Set(rejected.map(({ module }) => module));
  const effective = modules.filter(({ metadata }) => !refused.has(metadata.name));
  const old = [...before.values()].flatMap((object) => checkModule(object).module ?? []);
  const concerned = relatedTo(names, [...old, ...modules]);
  const neighboursOf = neighbourhoods(effective);
  const administratorUrl = await findAdministratorUrl(client, namespace, options.settings.databaseSecret);

  const plans: ModulePlan[] = [];
  for (const module of effective.filter(({ metadata }) => concerned.has(metadata.name))) {
    const { name } = module.metadata;
    const own = names.has(name) ? planOwn(before.get(name), after.get(name)) : [];
    const notes = notesFor(module);
    const children = module.spec.paused === true ? [] : await planChildren(module);
    if (own.length + children.length > 0) plans.push({ module: name, objects: [...own, ...children], notes });
  }
  const mine = (problem: { readonly module: string }): boolean => names.has(problem.module) || problem.module === "";
  return {
    refused: rejected.filter(mine).flatMap((group) => group.problems),
    waiting: waiting.filter(mine).flatMap((group) => group.problems),
    warnings: warnings.filter(mine),
    modules: plans,
  };

  async function planChildren(module: Module): Promise<PlannedObject[]> {
    const { name } = module.metadata;
    const owned = live.of(name);
    const revisions = owned.filter(({ kind }) => kind === "ControllerRevision").flatMap((object) => readRevision(object) ?? []);
    const resolved = resolveModule(module, neighboursOf(module));
    const { children, migration } = desiredChildren(resolved, options.settings, partsFor(module, live, revisions, administratorUrl));
    const planned: PlannedObject[] = [];
    for (const child of children) {
      if (child.kind === "Job" && isMigrated(name, migration, live)) continue;
      const change = await tryChild(client, writer, child, live.find(child));
      if (change !== undefined) planned.push(change);
    }
    const { currentRevision, failedRevision } = (module.status ?? {}) as ModuleStatus;
    const job = owned.find(({ kind, metadata }) => kind === "Job" && metadata.annotations?.[MIGRATION_ANNOTATION] === migration);
    const kept = { revisions, inUse: [revisionName(module), currentRevision, failedRevision], jobs: [job?.metadata.name] };
    for (const object of findObsolete(owned, children, kept)) planned.push({ action: "delete", before: object });
    return planned;
  }

  function notesFor(module: Module): string[] {
    const { failedRevision } = (module.status ?? {}) as ModuleStatus;
    return [
      ...(module.spec.paused === true ? ["It is paused: nothing of it is touched before that is taken back."] : []),
      ...(failedRevision === revisionName(module) ? ["It was rolled back from this spec, which is not tried again until it changes."] : []),
      ...(needsPostgres(module) && administratorUrl === undefined
        ? [`Its Secrets are not shown: the Secret ${options.settings.databaseSecret} cannot be read.`]
        : []),
    ];
  }
}

/** The Module as the API server would take it: with its defaults, and judged by its rules and webhooks. */
async function tryModule(client: KubeClient, module: Module, live: KubeObject | undefined, namespace: string): Promise<KubeObject> {
  const { name, labels, annotations } = module.metadata;
  const kept = live?.metadata;
  const metadata = {
    name,
    namespace,
    labels: { ...kept?.labels, ...labels },
    annotations: { ...kept?.annotations, ...annotations },
    ...(kept?.resourceVersion !== undefined && { resourceVersion: kept.resourceVersion, finalizers: kept.finalizers }),
  };
  const at = live === undefined ? { namespace } : { namespace, name };
  const answer = await client.request<KubeObject>({
    method: live === undefined ? "POST" : "PUT",
    path: resourcePath(KINDS.Module, at),
    query: { dryRun: "All", fieldValidation: "Strict" },
    body: { ...module, metadata },
  });
  const { uid: _, ...unborn } = answer.metadata;
  // A Module that is not there yet will have another uid than the one of this try.
  return live === undefined ? { ...answer, metadata: unborn } : answer;
}

/** What becomes of one child; undefined where it is as it should be. */
async function tryChild(
  client: KubeClient,
  writer: Writer,
  child: KubeObject,
  live: KubeObject | undefined,
): Promise<PlannedObject | undefined> {
  if (live === undefined) return { action: "create", after: child };
  const hash = (object: KubeObject): string | undefined => object.metadata.annotations?.[DESIRED_HASH];
  if (hash(child) === hash(live) && hasOwnedFields(child, live)) return undefined;
  const trying = isMarkedCreated(live) ? tryHandedOver(client, writer, child, live) : writer.apply(child, { force: true, dryRun: true });
  return { action: "update", before: live, after: await trying };
}

function planOwn(before: KubeObject | undefined, after: KubeObject | undefined): PlannedObject[] {
  if (after === undefined) return [];
  if (before === undefined) return [{ action: "create", after }];
  const shown = ({ metadata, spec }: KubeObject): string => JSON.stringify([metadata.labels ?? {}, metadata.annotations ?? {}, spec]);
  return shown(before) === shown(after) ? [] : [{ action: "update", before, after }];
}

function partsFor(module: Module, live: LiveObjects, revisions: readonly Revision[], administratorUrl: string | undefined): Parts {
  const { name } = module.metadata;
  const owned = live.of(name);
  const find = (kind: string, named = name): KubeObject | undefined =>
    owned.find((object) => object.kind === kind && object.metadata.name === named);
  const latest = latestRevision(revisions);
  const scaled = (find("HorizontalPodAutoscaler")?.status as { lastScaleTime?: string } | undefined)?.lastScaleTime !== undefined;
  const replicas = (find("Deployment")?.spec as { replicas?: number } | undefined)?.replicas;
  return {
    revision: latest === undefined ? 1 : latest.name === revisionName(module) ? latest.number : latest.number + 1,
    migrationAttempt: 1,
    ...(module.spec.autoscaling !== undefined && !scaled && replicas !== undefined && { heldReplicas: replicas }),
    ...(administratorUrl !== undefined &&
      needsPostgres(module) && {
        database: databaseAccess(
          module,
          administratorUrl,
          { service: find("Secret", databaseSecretName(name)), owner: find("Secret", ownerSecretName(name)) },
          () => "made-when-it-is-applied",
        ),
      }),
  };
}

/** Whether the migration was done, or has begun. */
function isMigrated(module: string, migration: string | undefined, live: LiveObjects): boolean {
  return live
    .of(module)
    .some(({ kind, metadata }) => (kind === "Job" || kind === "Deployment") && metadata.annotations?.[MIGRATION_ANNOTATION] === migration);
}

/** Undefined where there is none, or whoever asks may not see it. */
async function findAdministratorUrl(client: KubeClient, namespace: string, name: string): Promise<string | undefined> {
  const secret = await client.find(KINDS.Secret, { namespace, name }).catch((error: unknown) => {
    if (error instanceof KubeError && error.status === 403) return undefined;
    throw error;
  });
  const url = (secret?.data as Readonly<Record<string, string>> | undefined)?.url;
  return url === undefined ? undefined : Buffer.from(url, "base64").toString();
}

/** What runs, as the operator sees it. */
function stateOf(objects: readonly KubeObject[]): { running: Map<string, string>; isReady: (module: string) => boolean } {
  const statuses = new Map(objects.map(({ metadata, status }) => [metadata.name, status as ModuleStatus | undefined]));
  return {
    running: new Map(
      [...statuses].flatMap(([name, status]) => (status?.currentRevision === undefined ? [] : [[name, status.version ?? ""] as const])),
    ),
    isReady: (module) => statuses.get(module)?.currentRevision !== undefined && (statuses.get(module)?.readyReplicas ?? 0) > 0,
  };
}
