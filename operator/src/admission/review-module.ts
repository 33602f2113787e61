import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@plinth/kernel/kube";
import {
  checkModule,
  formatProblem,
  type IsReservedSecret,
  type ModuleProblems,
  type ModuleStatus,
  type Problem,
  resolve,
} from "@plinth/module";
import type { AdmissionRequest, Verdict } from "./admission-review.ts";
import { concernedBy } from "./concerned-modules.ts";
import { mayStillCome } from "./may-still-come.ts";
import { readStanding, type StandingModule } from "./standing-module.ts";

/** The Modules of a namespace as the API server has them, as far as they are known here. An object that does not change stays the same one. */
export type ModulesIn = (namespace: string) => Iterable<KubeObject>;

/** Names that fit into one warning. */
const MOST_NAMED = 5;

/**
 * Decides on a request to write or delete a Module, by the functions that the operator and the command line use. Refused is what is wrong whatever else
 * comes: the form, the module's own rules, and claims that another Module of the namespace holds. What only waits is allowed with a warning.
 * RPC methods are left to the operator: those of the platform's next version are known to the next operator only, and an upgrade begins under this one.
 */
export function reviewModule(request: AdmissionRequest, modulesIn: ModulesIn, isReservedSecret: IsReservedSecret): Verdict {
  const { operation, object, oldObject, namespace, name } = request;
  if (operation === "DELETE") return reviewDeletion(name, standingIn(modulesIn(namespace)));
  if (object === undefined) return { allowed: true };
  // What goes away must be able to go, and what stands as it stood was judged before.
  if (object.metadata.deletionTimestamp !== undefined || isSameIntent(object, oldObject)) return { allowed: true };

  const { refusals, waits } = judge(object, oldObject, standingIn(modulesIn(namespace)), isReservedSecret);
  const warnings = waits.map(warningOf);
  return refusals.length === 0
    ? { allowed: true, warnings }
    : { allowed: false, message: refusals.map(formatProblem).join("\n"), warnings };
}

function judge(
  object: KubeObject,
  oldObject: KubeObject | undefined,
  standing: readonly StandingModule[],
  isReservedSecret: IsReservedSecret,
): { refusals: readonly Problem[]; waits: readonly Problem[] } {
  const name = object.metadata.name ?? "";
  const { module, draft, problems } = checkModule(withoutServerFields(object));
  const read = module ?? draft;
  const others = standing.filter((other) => other.name !== name);
  const concerned = read === undefined ? [] : concernedBy(read, others);
  const accepted = concerned.filter(({ isRefused }) => !isRefused);
  const own = (oldObject?.status as ModuleStatus | undefined)?.version;
  const { rejected, waiting, warnings } = resolve([...accepted.map((other) => other.module), ...(module === undefined ? [] : [module])], {
    // Whoever is refused holds no claim, but is there.
    drafts: [...concerned.filter(({ isRefused }) => isRefused).map((other) => other.module), ...(draft === undefined ? [] : [draft])],
    problems,
    isReservedSecret,
    // What stands has the better claim, whether or not it has begun to run.
    running: new Map([
      ...accepted.map((other): [string, string] => [other.name, other.version]),
      ...(own === undefined ? [] : [[name, own] as const]),
    ]),
    isReady: (other) => other === name || concerned.some((each) => each.name === other && each.isUp),
  });
  const ofThis = (groups: readonly ModuleProblems[]): Problem[] =>
    groups.filter((group) => group.module === name).flatMap((group) => group.problems);
  const found = ofThis(rejected);
  const waits = found.filter((problem) => mayStillCome(problem, module));
  return {
    refusals: found.filter((problem) => !waits.includes(problem)),
    waits: [...waits, ...ofThis(waiting), ...warnings.filter((warning) => warning.module === name)],
  };
}

function reviewDeletion(name: string, standing: readonly StandingModule[]): Verdict {
  const dependents = standing
    .filter((other) => other.name !== name && other.module.metadata.deletionTimestamp === undefined)
    .filter(({ module }) => module.spec.dependencies?.some((needed) => needed.module === name && needed.optional !== true))
    .map((other) => other.name)
    .sort();
  if (dependents.length === 0) return { allowed: true };
  const [needed, gone] = dependents.length === 1 ? ["module", "that is"] : ["modules", "those are"];
  const list =
    dependents.length <= MOST_NAMED ? dependents : [...dependents.slice(0, MOST_NAMED), `${dependents.length - MOST_NAMED} more`];
  return {
    allowed: true,
    warnings: [
      `${name} is needed by the ${needed} ${list.join(", ")}: it goes once ${gone} gone, or with the annotation plinth.dev/force-delete: "true"`,
    ],
  };
}

function standingIn(objects: Iterable<KubeObject>): StandingModule[] {
  return [...objects].flatMap((object) => readStanding(object) ?? []);
}

/** Neither the spec nor what allows more than the spec alone has changed: a label, a finalizer, the status. */
function isSameIntent(object: KubeObject, oldObject: KubeObject | undefined): boolean {
  return oldObject !== undefined && isDeepStrictEqual(object.spec, oldObject.spec);
}

/** Without what the server writes, and without its age: a newcomer's claims come after all that stand. */
function withoutServerFields({ status: _, metadata, ...object }: KubeObject): unknown {
  const { name, namespace, labels, annotations } = metadata;
  return { ...object, metadata: { name, namespace, labels, annotations } };
}

function warningOf({ reason, message, mend, path }: Problem): string {
  return `${reason}: ${message} (${path}); ${mend}`;
}
