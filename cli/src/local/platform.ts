import type { Logger } from "@plinth/kernel/logging";
import { type FileModuleSet, openFileModuleSet } from "@plinth/kernel/modules";
import type { Place } from "@plinth/kernel/service";
import type { Module, ModuleProblems } from "@plinth/module";
import type { Project } from "../project.ts";
import { migrateDatabase, needsDatabaseRole } from "./databases.ts";
import { type Foundation, startFoundation } from "./foundation.ts";
import { createLocalPlace } from "./local-place.ts";
import type { ModuleHost, RunningModule } from "./module-host.ts";
import { withDependencies } from "./selection.ts";

export interface PlatformOptions {
  readonly project: Project;
  /** Only these modules and what they need; undefined: all. */
  readonly only: readonly string[] | undefined;
  readonly logger: Logger;
  /** How modules run: in this process, or in one of their own. */
  makeHost(parts: { place: Place; folderOf: (module: string) => string; foundation: Foundation }): ModuleHost;
  onFatal(error: unknown): void;
  /** After a module came, went, failed or was refused, once the start is over. */
  onChange?(platform: Platform): void;
}

/** A module and how far it has come. */
export interface ModuleState {
  readonly module: Module;
  readonly phase: "Running" | "Failed";
  readonly running?: RunningModule;
  readonly error?: unknown;
}

export interface Platform {
  readonly modules: FileModuleSet;
  readonly foundation: Foundation;
  states(): readonly ModuleState[];
  rejected(): readonly ModuleProblems[];
  waiting(): readonly ModuleProblems[];
  /** Right in themselves, and held back because what they need did not start: name → what it needs. */
  heldBack(): ReadonlyMap<string, readonly string[]>;
  /** Restarts one module, or all: after its files changed. */
  restart(module?: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Runs the modules of a project on this machine, wave by wave, and follows their files: a module whose cause of
 * refusal goes away starts by itself, a removed one stops.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { project, only, logger } = options;
  const modules = await openFileModuleSet({ roots: project.moduleFolders, logger });
  const selected = (): readonly Module[] =>
    only === undefined ? modules.resolution.order : withDependencies(modules.resolution.order, only);
  let foundation: Foundation;
  try {
    foundation = await startFoundation(project, selected(), logger, options.onFatal);
  } catch (error) {
    modules.close();
    throw error;
  }
  const databaseUrls = new Map([...foundation.databases].map(([module, { url }]) => [module, url]));
  const { discovery, publicKeys } = foundation;
  const place = createLocalPlace({
    dataFolder: project.dataFolder,
    modules,
    discovery,
    publicKeys,
    databaseUrls,
    logger,
    onFatal: options.onFatal,
  });
  const folderOf = (module: string): string => modules.folderOf(module) ?? `${project.servicesFolder}/${module}`;
  const host = options.makeHost({ place, folderOf, foundation });
  const states = new Map<string, ModuleState>();
  const migrated = new Map<string, Promise<void>>();

  async function start(module: Module): Promise<void> {
    const { name } = module.metadata;
    try {
      await migrated.get(name);
      states.set(name, { module, phase: "Running", running: await host.start(module) });
    } catch (error) {
      states.set(name, { module, phase: "Failed", error });
      logger.error("module did not start", { failed_module: name, error });
    }
  }

  async function stop(name: string): Promise<void> {
    const state = states.get(name);
    states.delete(name);
    await state?.running?.stop();
  }

  const missingFor = (module: Module): string[] =>
    (module.spec.dependencies ?? [])
      .filter(({ module: name, optional }) => optional !== true && states.get(name)?.phase !== "Running")
      .map(({ module: name }) => name);

  /** Brings what runs in line with the files: newcomers wave by wave, leavers in the other direction. */
  async function reconcile(): Promise<void> {
    const chosen = new Set(selected());
    const waves = modules.resolution.waves.map((wave) => wave.filter((module) => chosen.has(module)));
    const names = new Set(waves.flat().map((module) => module.metadata.name));
    const serving = new Set(modules.current.modules.map((module) => module.metadata.name));
    for (const name of [...states.keys()].reverse()) if (!names.has(name) && !serving.has(name)) await stop(name);
    await addRoles(waves.flat());
    // Schemas do not depend on each other: all are brought up to date side by side.
    for (const module of waves.flat()) {
      const { name } = module.metadata;
      if (states.has(name)) continue;
      const done = migrateDatabase(module, folderOf(name), foundation.databases.get(name), logger);
      done.catch(() => {});
      migrated.set(name, done);
    }
    for (const wave of waves) {
      await Promise.all(wave.filter((module) => !states.has(module.metadata.name) && missingFor(module).length === 0).map(start));
    }
  }

  async function addRoles(list: readonly Module[]): Promise<void> {
    const unknown = list.filter((module) => needsDatabaseRole(module) && !foundation.databases.has(module.metadata.name));
    for (const [name, database] of await foundation.add(unknown)) databaseUrls.set(name, database.url);
  }

  let closed = false;
  let work: Promise<void> = Promise.resolve();
  const enqueue = (task: () => Promise<void>): Promise<void> => {
    work = work
      .then(() => (closed ? undefined : task()))
      .catch((error: unknown) => logger.error("the modules could not be followed", { error }));
    return work;
  };

  const platform: Platform = {
    modules,
    foundation,
    states: () => [...states.values()],
    rejected: () => modules.resolution.rejected,
    waiting: () => modules.resolution.waiting,
    heldBack: () =>
      new Map(
        selected()
          .filter(({ metadata }) => !states.has(metadata.name))
          .map((module) => [module.metadata.name, missingFor(module)]),
      ),
    restart: (name) =>
      enqueue(async () => {
        for (const each of name === undefined ? [...states.keys()].reverse() : [name]) await stop(each);
        await reconcile();
      }),
    async stop() {
      closed = true;
      modules.close();
      await work;
      await Promise.all([...states.values()].map(({ running }) => running?.drain()));
      // Dependents before what they need; those of one wave together.
      for (const wave of [...modules.resolution.waves].reverse()) await Promise.all(wave.map((module) => stop(module.metadata.name)));
      await Promise.all([...states.keys()].map(stop));
      await foundation.stop();
    },
  };
  await enqueue(reconcile);
  modules.onResolution(() => {
    void enqueue(async () => {
      await reconcile();
      options.onChange?.(platform);
    });
  });
  return platform;
}
