import type { KubeObject } from "@plinth/kernel/kube";
import {
  GATEWAY_MODULE,
  type HasSecret,
  type IsReservedSecret,
  type Module,
  neighbourhoods,
  type Problem,
  type Resolution,
  resolve,
  validateModule,
} from "@plinth/module";
import { type ModuleEntry, readEntry } from "./module-entry.ts";
import { isOwnBusiness } from "./own-business.ts";
import { relatedTo } from "./related-modules.ts";
import { type Resolved, resolveModule } from "./resolved.ts";
import type { DependencyState, Verdict } from "./verdict.ts";

/** A Module as the set of all Modules of its namespace sees it. */
export interface ModuleView {
  readonly entry: ModuleEntry;
  readonly verdict: Verdict;
  readonly dependencies: readonly DependencyState[];
}

/** All Modules of one namespace, decided over together. */
export interface ModuleSet {
  /** Takes a change of a Module in; undefined: it is gone. */
  update(name: string, object: KubeObject | undefined): void;
  /** Something beside the Modules changed that verdicts hang on, such as a Secret, or the last accepted spec of a refused module. */
  invalidate(names: readonly string[]): void;
  /** What was decided last; undefined for a Module that it has not been decided over yet. */
  find(name: string): ModuleView | undefined;
  /** What a module, in this or an older version of it, must know of the others. */
  resolvedOf(module: Module): Resolved;
  close(): void;
}

export interface ModuleSetOptions {
  readonly hasSecret: HasSecret;
  readonly isReservedSecret: IsReservedSecret;
  /** What is known of a callee's RPC methods: the same set each time for the same declaration. */
  readonly rpcMethods?: (callee: Module) => ReadonlySet<string> | undefined;
  /** The module at its last accepted spec, for one whose declared spec is refused. */
  readonly lastAccepted: (module: Module) => Module | undefined;
  /** Told of exactly the modules for which something is different now: their own declaration, verdict, dependencies or neighbours. */
  readonly onChange: (names: readonly string[]) => void;
}

/** However fast changes come, the whole set is decided over at most so often: at least 10 ms apart, and a fifth of the time at most. */
const MIN_PAUSE_MS = 10;
const PAUSE_PER_DURATION = 4;

interface Settled extends ModuleView {
  /** Of verdict and dependencies: equal texts, equal views. */
  readonly text: string;
}

interface Told {
  readonly module: Module;
  readonly resolved: Resolved;
  /** Of the neighbours: equal texts, equal answers. */
  readonly text: string;
}

export function createModuleSet({ hasSecret, isReservedSecret, rpcMethods, lastAccepted, onChange }: ModuleSetOptions): ModuleSet {
  const entries = new Map<string, ModuleEntry>();
  let views = new Map<string, Settled>();
  /** By name of a module, who names it as a dependency, required or not. */
  let dependents = new Map<string, ModuleEntry[]>();
  /** What each module that was asked for was told of the others. */
  const told = new Map<string, Told>();
  let neighboursOf = neighbourhoods([]);
  /** The entry of each changed module as it was when the set was decided over last. */
  const changed = new Map<string, ModuleEntry | undefined>();
  const invalid = new Set<string>();
  let refusedSome = false;
  let timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  let idleUntil = 0;

  function schedule(): void {
    if (timer !== undefined) return;
    const pauseMs = idleUntil - performance.now();
    timer = pauseMs > 0 ? setTimeout(decide, pauseMs) : setImmediate(decide);
  }

  function cancel(): void {
    if (timer === undefined) return;
    clearTimeout(timer as NodeJS.Timeout);
    clearImmediate(timer as NodeJS.Immediate);
    timer = undefined;
  }

  function decide(): void {
    timer = undefined;
    const startedAt = performance.now();
    const changes = [...changed];
    const asked = [...invalid];
    changed.clear();
    invalid.clear();
    const local = isLocal(changes, asked);
    const affected = local ? decideLocally(changes) : decideOverAll(changes, asked);
    const endedAt = performance.now();
    // What is nobody else's business costs next to nothing, and keeps nobody waiting.
    if (!local) idleUntil = endedAt + Math.max(MIN_PAUSE_MS, PAUSE_PER_DURATION * (endedAt - startedAt));
    if (affected.size > 0) onChange([...affected]);
  }

  /** Whether only modules that are in order changed, and only what no other module sees of them. */
  function isLocal(changes: readonly (readonly [string, ModuleEntry | undefined])[], asked: readonly string[]): boolean {
    return (
      asked.length === 0 &&
      changes.every(([name, before]) => {
        const after = entries.get(name);
        const view = views.get(name);
        if (before === undefined || after?.module === undefined || before.module === undefined || view === undefined) return false;
        const comesUp = before.running !== after.running || before.isUp !== after.isUp || before.phase !== after.phase;
        // Who runs has the better claim, which matters only where claims are disputed.
        if (comesUp && (refusedSome || dependents.has(name))) return false;
        if (before.module === after.module) return true;
        if (view.verdict.refused.length > 0 || validateModule(after.module).length > 0) return false;
        // Whose methods are known may hang on its image.
        return rpcMethods?.(before.module) === rpcMethods?.(after.module) && isOwnBusiness(before.module, after.module);
      })
    );
  }

  function decideLocally(changes: readonly (readonly [string, ModuleEntry | undefined])[]): Set<string> {
    const affected = new Set<string>();
    for (const [name, before] of changes) {
      const view = views.get(name);
      const entry = entries.get(name);
      if (view === undefined || entry === undefined) continue;
      views.set(name, { ...view, entry });
      if (before?.module !== entry.module) affected.add(name);
    }
    return affected;
  }

  function decideOverAll(changes: readonly (readonly [string, ModuleEntry | undefined])[], asked: readonly string[]): Set<string> {
    const all = [...entries.values()];
    const modules = all.flatMap(({ module }) => module ?? []);
    const resolution = resolve(modules, {
      drafts: all.flatMap(({ draft }) => draft ?? []),
      problems: all.flatMap(({ problems }) => problems),
      running: new Map(all.flatMap(({ name, running }) => (running === undefined ? [] : [[name, running] as const]))),
      isReady: (name) => entries.get(name)?.isUp === true,
      hasSecret,
      isReservedSecret,
      rpcMethods(name) {
        const callee = entries.get(name)?.module;
        return callee === undefined ? undefined : rpcMethods?.(callee);
      },
    });
    refusedSome = resolution.rejected.length > 0;
    dependents = dependentsByName(all);
    const verdictOf = verdicts(resolution, dependents);
    const before = views;
    views = new Map(all.map((entry) => [entry.name, settle(entry, verdictOf(entry.name), entries)]));

    const affected = new Set<string>();
    for (const [name, view] of views) {
      const last = before.get(name);
      if (last === undefined || last.text !== view.text || last.entry.declared !== view.entry.declared) affected.add(name);
    }
    for (const name of asked) if (views.has(name)) affected.add(name);
    retellNeighbours(changes, asked, affected, before);
    for (const name of before.keys()) {
      if (!views.has(name)) {
        told.delete(name);
        affected.add(name);
      }
    }
    return affected;
  }

  /** What the others are told of a module is what runs of it: of a refused one the last accepted spec. */
  function retellNeighbours(
    changes: readonly (readonly [string, ModuleEntry | undefined])[],
    asked: readonly string[],
    affected: Set<string>,
    before: ReadonlyMap<string, Settled>,
  ): void {
    const effective = [...views.values()].flatMap(({ entry, verdict }) => {
      if (entry.module !== undefined && verdict.refused.length === 0) return [entry.module];
      const declared = entry.module ?? entry.draft;
      return declared === undefined ? [] : (lastAccepted(declared) ?? []);
    });
    neighboursOf = neighbourhoods(effective);
    const seeds = new Set([...changes.map(([name]) => name), ...asked]);
    for (const [name, view] of views)
      if ((before.get(name)?.verdict.refused.length ?? 0) > 0 !== view.verdict.refused.length > 0) seeds.add(name);
    const versions = [...effective, ...changes.flatMap(([, entry]) => entry?.module ?? [])];
    // The gateway is told which modules have routes.
    for (const name of relatedTo(seeds, versions).add(GATEWAY_MODULE)) {
      const known = told.get(name);
      const module = views.get(name)?.entry.module;
      if (known === undefined || module === undefined) continue;
      const now = tell(module);
      told.set(name, now);
      if (now.text !== known.text) affected.add(name);
    }
  }

  function tell(module: Module): Told {
    const neighbours = neighboursOf(module);
    return { module, resolved: resolveModule(module, neighbours), text: JSON.stringify(neighbours) };
  }

  return {
    update(name, object) {
      const before = entries.get(name);
      const after = object === undefined ? undefined : readEntry(object, before);
      if (after === undefined) entries.delete(name);
      else entries.set(name, after);
      if (isSame(before, after)) return;
      if (!changed.has(name)) changed.set(name, before);
      schedule();
    },
    invalidate(names) {
      for (const name of names) invalid.add(name);
      schedule();
    },
    find: (name) => views.get(name),
    resolvedOf(module) {
      const { name } = module.metadata;
      const known = told.get(name);
      if (known?.module === module) return known.resolved;
      if (views.get(name)?.entry.module !== module) return resolveModule(module, neighboursOf(module));
      const now = tell(module);
      told.set(name, now);
      return now.resolved;
    },
    close: cancel,
  };
}

function isSame(before: ModuleEntry | undefined, after: ModuleEntry | undefined): boolean {
  return (
    before?.declared === after?.declared &&
    before?.running === after?.running &&
    before?.isUp === after?.isUp &&
    before?.phase === after?.phase
  );
}

function dependentsByName(all: readonly ModuleEntry[]): Map<string, ModuleEntry[]> {
  const dependents = new Map<string, ModuleEntry[]>();
  for (const entry of all) {
    for (const { module } of (entry.module ?? entry.draft)?.spec.dependencies ?? []) {
      const known = dependents.get(module);
      if (known === undefined) dependents.set(module, [entry]);
      else known.push(entry);
    }
  }
  return dependents;
}

function verdicts(
  { rejected, waiting, warnings }: Resolution,
  dependents: ReadonlyMap<string, readonly ModuleEntry[]>,
): (name: string) => Verdict {
  const refusedBy = new Map(rejected.map(({ module, problems }) => [module, problems]));
  const waitingBy = new Map(waiting.map(({ module, problems }) => [module, problems]));
  const warningsBy = new Map<string, Problem[]>();
  for (const warning of warnings) {
    const known = warningsBy.get(warning.module);
    if (known === undefined) warningsBy.set(warning.module, [warning]);
    else known.push(warning);
  }
  return (name) => ({
    refused: refusedBy.get(name) ?? [],
    waiting: waitingBy.get(name) ?? [],
    warnings: warningsBy.get(name) ?? [],
    requiredBy: (dependents.get(name) ?? [])
      .filter(({ module }) => module !== undefined && module.metadata.deletionTimestamp === undefined && requires(module, name))
      .map((entry) => entry.name)
      .sort(),
  });
}

function requires({ spec }: Module, name: string): boolean {
  return spec.dependencies?.some(({ module, optional }) => module === name && optional !== true) ?? false;
}

function settle(entry: ModuleEntry, verdict: Verdict, entries: ReadonlyMap<string, ModuleEntry>): Settled {
  const dependencies = (entry.module?.spec.dependencies ?? []).map(({ module, version }): DependencyState => {
    const found = entries.get(module);
    return {
      module,
      ...(version !== undefined && { required: version }),
      ...(found?.running !== undefined && { resolved: found.running }),
      ...(found?.phase !== undefined && { phase: found.phase }),
    };
  });
  return { entry, verdict, dependencies, text: JSON.stringify([verdict, dependencies]) };
}
