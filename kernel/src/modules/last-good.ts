import { type Module, type ParsedModules, type Resolution, resolve } from "@plinth/module";

export interface ReadFile {
  readonly text: string;
  readonly file: string;
}

export interface Accepted {
  /** Dependencies first. */
  readonly modules: readonly Module[];
  /** The file of each module, by its name. */
  readonly fileOf: Map<string, string>;
  readonly resolution: Resolution;
}

/**
 * What is accepted now: what can start, and of what is wrong or waits now the version that was accepted before. A module that did not
 * change is the same object as before, so that followers can tell by comparing.
 */
export function readAccepted(
  files: readonly ReadFile[],
  parsed: ParsedModules,
  before: readonly Module[],
  fileOfBefore: ReadonlyMap<string, string>,
  resolution: Resolution,
): Accepted {
  const startable = new Map(resolution.order.map((module) => [module.metadata.name, module]));
  const mentioned = new Set([...parsed.modules, ...parsed.drafts].map((module) => module.metadata.name));
  for (const { module } of [...resolution.rejected, ...resolution.waiting]) mentioned.add(module);
  const named = new Map<string, string>();
  const fruitful = new Set<string>();
  for (const module of [...parsed.drafts, ...parsed.modules]) {
    const file = parsed.locate(module, [])?.file;
    if (file === undefined) continue;
    fruitful.add(file);
    named.set(module.metadata.name, file);
  }
  const present = new Set(files.map(({ file }) => file));

  const modules: Module[] = [];
  const fileOf = new Map<string, string>();
  for (const module of before) {
    const { name } = module.metadata;
    const next = startable.get(name);
    const file = named.get(name) ?? fileOfBefore.get(name) ?? "";
    if (next !== undefined) {
      modules.push(JSON.stringify(next) === JSON.stringify(module) ? module : next);
      startable.delete(name);
    } else if (mentioned.has(name) || (present.has(file) && !fruitful.has(file))) {
      // Wrong, waiting, or a file so broken (just being written) that it names nobody.
      modules.push(module);
    } else continue;
    fileOf.set(name, file);
  }
  for (const [name, module] of startable) {
    modules.push(module);
    fileOf.set(name, named.get(name) ?? "");
  }
  // Also those that are rejected may be asked for, to say where the file is.
  for (const [name, file] of named) if (!fileOf.has(name)) fileOf.set(name, file);
  return { modules: dependenciesFirst(modules), fileOf, resolution };
}

function dependenciesFirst(modules: readonly Module[]): Module[] {
  const order = resolve(modules).order;
  return [...order, ...modules.filter((module) => !order.includes(module))];
}
