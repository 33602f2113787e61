import type { KubeObject } from "@plinth/kernel/kube";
import { isKernelModule, type Module, parseDuration } from "@plinth/module";
import { REVISION_ANNOTATION } from "../deployment-state.ts";
import type { Parts } from "../parts.ts";
import type { Resolved } from "../resolved.ts";
import { revisionName } from "../revisions.ts";
import type { Settings } from "../settings.ts";
import { ROTATE_DATABASE } from "./database-secrets.ts";
import { hashOf } from "./desired-hash.ts";
import { buildEnvironment } from "./environment.ts";
import { childMetadata, labelsOf, selectorOf } from "./metadata.ts";
import { needsPostgres } from "./needs-postgres.ts";
import { buildProbes } from "./probes.ts";
import { restartsOnChange } from "./restarts-on-change.ts";
import { containerSecurity, podSecurity } from "./security.ts";
import { buildVolumes, mountsOf, volumesOf } from "./volumes.ts";

/** Between the two lie the pod's last requests: routes to it go away while it still serves, then it ends what it has in hand. */
const PRE_STOP_SECONDS = 5;
const GRACE_SECONDS = 45;

/** A pod that fails right after it was ready stops a roll-out. */
const MIN_READY_SECONDS = 3;
/** Kubernetes' own default, spelled out because the operator decides by it. */
const DEFAULT_PROGRESS_MS = 600_000;
/** Enough to look at what was there before; to go back needs none, for the specs are kept. */
const REVISION_HISTORY = 3;

/** The replicas of a module. */
export function buildDeployment(resolved: Resolved, settings: Settings, { heldReplicas }: Parts): KubeObject {
  const { module } = resolved;
  const { spec } = module;
  const minReadySeconds = settings.development ? 0 : MIN_READY_SECONDS;
  const progressMs = spec.strategy?.progressDeadline === undefined ? DEFAULT_PROGRESS_MS : parseDuration(spec.strategy.progressDeadline);
  // The autoscaler owns the count: the operator would undo what it decides.
  const replicas = spec.autoscaling === undefined ? (spec.replicas ?? 1) : heldReplicas;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: childMetadata(module, undefined, { annotations: { [REVISION_ANNOTATION]: revisionName(module) } }),
    spec: {
      ...(replicas !== undefined && { replicas }),
      revisionHistoryLimit: REVISION_HISTORY,
      minReadySeconds,
      // Kubernetes refuses a deadline that a pod cannot keep because it must be ready for longer.
      progressDeadlineSeconds: Math.max(Math.ceil(progressMs / 1000), minReadySeconds + 1),
      selector: { matchLabels: selectorOf(module) },
      strategy: buildStrategy(module),
      template: buildPodTemplate(resolved, settings),
    },
  };
}

/** The new pod is ready before the old one goes, unless the module says that two must not run side by side. */
function buildStrategy({ spec: { strategy } }: Module): object {
  if (strategy?.type === "Recreate") return { type: "Recreate" };
  const maxSurge = strategy?.maxSurge ?? 1;
  const maxUnavailable = strategy?.maxUnavailable ?? (isZero(maxSurge) ? 1 : 0);
  return { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } };
}

function isZero(amount: number | string): boolean {
  return amount === 0 || amount === "0%";
}

function buildPodTemplate(resolved: Resolved, settings: Settings): object {
  const { module } = resolved;
  const { spec, metadata } = module;
  const mounted = buildVolumes(resolved);
  const annotations = restartAnnotations(module);
  return {
    metadata: { labels: labelsOf(module), ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: {
      serviceAccountName: metadata.name,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      ...(settings.imagePullSecrets.length > 0 && { imagePullSecrets: settings.imagePullSecrets.map((name) => ({ name })) }),
      securityContext: podSecurity(spec.runAsUser),
      topologySpreadConstraints: ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) =>
        spread(module, topologyKey),
      ),
      containers: [
        {
          name: "module",
          image: spec.image ?? settings.defaultImage,
          imagePullPolicy: settings.imagePullPolicy,
          ...(spec.command !== undefined && { command: spec.command }),
          ...buildArguments(module, settings),
          ...buildPorts(module),
          env: buildEnvironment(module, settings),
          ...buildResources(module, settings),
          ...buildProbes(module, settings),
          lifecycle: { preStop: { sleep: { seconds: PRE_STOP_SECONDS } } },
          // The last lines of a pod that died say more than its exit code.
          terminationMessagePolicy: "FallbackToLogsOnError",
          securityContext: containerSecurity(settings),
          volumeMounts: mountsOf(mounted),
        },
      ],
      volumes: volumesOf(mounted),
    },
  };
}

function buildArguments(module: Module, settings: Settings): object {
  const { args } = module.spec;
  if (args !== undefined) return { args };
  if (!isKernelModule(module) || module.spec.command !== undefined) return {};
  return { args: ["run", module.metadata.name, ...(restartsOnChange(module, settings) ? ["--watch"] : [])] };
}

/** A process that watches files, and the prepared one of the next edit, live beside the module's: what holds for one of them would end all three. */
function buildResources(module: Module, settings: Settings): object {
  const { resources } = module.spec;
  if (resources === undefined) return {};
  const { limits: _limits, ...unlimited } = resources;
  return { resources: restartsOnChange(module, settings) ? unlimited : resources };
}

function buildPorts({ spec: { ports } }: Module): object {
  const list = (["http", "grpc"] as const).flatMap((name) => {
    const containerPort = ports?.[name];
    return containerPort === undefined ? [] : [{ name, containerPort, protocol: "TCP" }];
  });
  return list.length === 0 ? {} : { ports: list };
}

/** Zones and nodes share the pods of each roll-out evenly, as far as there is room: a pod in the wrong place serves better than none. */
function spread(module: Module, topologyKey: string): object {
  return {
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorOf(module) },
    matchLabelKeys: ["pod-template-hash"],
  };
}

/**
 * What pods read once, at their start, and the template does not show. Not the configuration, nor who may call whom: those change while a pod runs.
 * Each is there only where it concerns the module, so that nothing restarts without cause.
 */
function restartAnnotations(module: Module): Record<string, string> {
  const { database, cache, events, configSchema, dapr } = module.spec;
  const rotation = module.metadata.annotations?.[ROTATE_DATABASE];
  const port = module.spec.ports?.http;
  return {
    ...(isKernelModule(module) && { "plinth.dev/restart-checksum": hashOf({ database, cache, events, configSchema }) }),
    ...(dapr?.enabled === true && {
      "dapr.io/enabled": "true",
      "dapr.io/app-id": module.metadata.name,
      ...(port !== undefined && { "dapr.io/app-port": String(port) }),
    }),
    ...(rotation !== undefined && needsPostgres(module) && { [ROTATE_DATABASE]: rotation }),
  };
}
