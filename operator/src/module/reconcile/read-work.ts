import type { KubeObject } from "@plinth/kernel/kube";
import { API_GROUP, API_VERSION, type Module, type ModuleStatus, type Problem } from "@plinth/module";
import { atOnce, type Soon, soon } from "../../runtime/at-once.ts";
import { splitKey } from "../../runtime/object-key.ts";
import { secretsOf } from "../cluster-state.ts";
import { needsPostgres } from "../desired/needs-postgres.ts";
import { readRevision } from "../revisions.ts";
import type { Verdict } from "../verdict.ts";
import type { Tools, Work } from "./context.ts";

/** With this label, set to "true", the operator leaves a whole namespace alone, but for what is deleted. */
export const SUSPEND_LABEL = "plinth.dev/suspend";

/**
 * Reads everything that a reconcile decides by. Undefined where there is nothing to do now: the Module is gone, it stays and its namespace is suspended, or
 * the set has yet to decide over it as it is, and will tell.
 */
export function readWork(tools: Tools, key: string, signal: AbortSignal): Soon<Work | undefined> {
  return atOnce(read(tools, key, signal));
}

function* read(tools: Tools, key: string, signal: AbortSignal): Generator<Promise<unknown>, Work | undefined, unknown> {
  const { state, secretKeys } = tools;
  const { namespace, name } = splitKey(key);
  const object = state.modules.get(namespace, name);
  if (object === undefined) return undefined;
  // A deletion that waited would keep whoever asked for it waiting without a word.
  if (object.metadata.deletionTimestamp === undefined && isSuspended(state.namespaces.get(undefined, namespace))) return undefined;
  const set = tools.setOf(namespace);
  const view = set.find(name);
  const { uid = "" } = object.metadata;
  if (view === undefined || view.entry.uid !== uid || view.entry.generation !== object.metadata.generation) return undefined;
  const module = view.entry.module ?? standIn(object);
  const secrets = secretsOf(module.spec, tools.settings);
  if (secrets.length > 0 && (yield* soon(secretKeys.learn(namespace, secrets, signal)))) {
    // What is known now may make another verdict.
    set.invalidate([name]);
    return undefined;
  }
  const administratorUrl = needsPostgres(module)
    ? yield* soon(secretKeys.findValue(namespace, tools.settings.databaseSecret, "url", signal))
    : undefined;
  return {
    key,
    namespace,
    signal,
    set,
    view,
    object,
    status: object.status as ModuleStatus | undefined,
    module,
    verdict: withDatabase(view.verdict, module, administratorUrl, tools.settings.databaseSecret),
    revisions: state
      .children("ControllerRevision")
      .byIndex("owner", uid)
      .flatMap((revision) => readRevision(revision) ?? []),
    rollout: { step: "wait", target: undefined, serve: undefined },
    migration: { state: "not-needed", job: undefined, attempt: 1, retryInMs: undefined },
    administratorUrl,
    conflicts: [],
    deletion: undefined,
  };
}

export function isSuspended(namespace: KubeObject | undefined): boolean {
  // One that goes would wait for its Modules for ever.
  return namespace?.metadata.labels?.[SUSPEND_LABEL] === "true" && namespace.metadata.deletionTimestamp === undefined;
}

/** A Module whose form is wrong still has a name and children. */
function standIn({ metadata }: KubeObject): Module {
  const { name, namespace, uid, generation, labels, annotations, deletionTimestamp } = metadata;
  return {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: "Module",
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(generation !== undefined && { generation }),
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    },
    spec: { version: "0.0.0" },
  };
}

/** A module that has a role on Postgres needs whoever makes it: the platform's secret is a secret like its own. */
function withDatabase(verdict: Verdict, module: Module, url: string | undefined, secret: string): Verdict {
  if (!needsPostgres(module) || (url !== undefined && URL.canParse(url))) return verdict;
  const problem: Problem = {
    module: module.metadata.name,
    path: module.spec.database === undefined ? "spec.events" : "spec.database",
    value: "(secret)",
    reason: "SecretMissing",
    message: url === undefined ? `the key url of the secret ${secret} is missing` : `the key url of the secret ${secret} is no URL`,
    mend: `create the secret ${secret} with the administrator's URL of Postgres under the key url`,
  };
  return { ...verdict, refused: [...verdict.refused, problem] };
}
