import { compareTexts } from "./candidates.ts";
import { GATEWAY_MODULE } from "./platform.ts";
import { API_GROUP, API_VERSION, type Module } from "./schema/module.ts";
import type { ModuleSpec } from "./schema/spec.ts";

/** What a neighbour's version says here: nothing. With the real one each release of a module would change what all its neighbours are told. */
const UNTOLD_VERSION = "0.0.0";

type Publication = NonNullable<NonNullable<ModuleSpec["events"]>["publishes"]>[number];

/**
 * What a module must know of the others, instead of all of them: `[module, ...neighbours]` gives it the same answers as the whole set to who may
 * call it (`callersOf`), how it calls others (`callMatrix`), who reaches whom on which ports (`networkEdges`), and how the topics are kept that it
 * writes or reads (`topics`, but for the other consumers). Neighbours are reduced to what those need, so that little changes when they do, and
 * what one module is told does not grow with the number of modules. The gateway alone is told which modules have routes, and nothing of these: it
 * follows the modules themselves.
 *
 * Indexes the set once; a look-up costs as much as the module has neighbours. They are sorted by name.
 */
export function neighbourhoods(modules: Iterable<Module>): (module: Module) => Module[] {
  const byName = [...modules].sort((a, b) => compareTexts(a.metadata.name, b.metadata.name));
  const specs = new Map(byName.map(({ metadata, spec }) => [metadata.name, spec]));
  const callers = new Map<string, string[]>();
  const publishers = new Map<string, { module: string; publication: Publication }>();
  const routed: string[] = [];
  for (const { metadata, spec } of byName) {
    if ((spec.routes ?? []).length > 0) routed.push(metadata.name);
    for (const { to } of spec.calls ?? []) {
      const known = callers.get(to);
      if (known === undefined) callers.set(to, [metadata.name]);
      else known.push(metadata.name);
    }
    for (const publication of spec.events?.publishes ?? []) {
      // Of two publishers of one topic the first by name counts, as in `topics`.
      if (!publishers.has(publication.topic)) publishers.set(publication.topic, { module: metadata.name, publication });
    }
  }

  return ({ metadata: { name }, spec }) => {
    const neighbours = new Map<string, Omit<ModuleSpec, "version">>();
    const tell = (module: string, part: Omit<ModuleSpec, "version">): void => {
      if (module !== name) neighbours.set(module, { ...neighbours.get(module), ...part });
    };
    if (name === GATEWAY_MODULE) for (const module of routed) tell(module, { routes: [] });
    for (const caller of callers.get(name) ?? []) {
      const calls = specs.get(caller)?.calls?.filter(({ to }) => to === name) ?? [];
      tell(caller, { calls });
    }
    for (const { to } of spec.calls ?? []) if (specs.has(to)) tell(to, {});
    for (const [publisher, publishes] of publishersOf(spec, publishers)) tell(publisher, { events: { publishes } });
    return [...neighbours]
      .sort(([a], [b]) => compareTexts(a, b))
      .map(([neighbour, part]) => {
        const ports = specs.get(neighbour)?.ports;
        return {
          apiVersion: `${API_GROUP}/${API_VERSION}`,
          kind: "Module",
          metadata: { name: neighbour },
          // Whoever is known here is known with its ports: discovery by DNS knows no other source.
          spec: { version: UNTOLD_VERSION, ...(ports !== undefined && { ports }), ...part },
        };
      });
  };
}

/** Who publishes the topics that a module writes or reads, with those topics, by topic. */
function publishersOf(
  { events }: ModuleSpec,
  publishers: ReadonlyMap<string, { module: string; publication: Publication }>,
): Map<string, Publication[]> {
  const found = new Map<string, Publication[]>();
  const names = new Set([...(events?.publishes ?? []), ...(events?.subscribes ?? [])].map(({ topic }) => topic));
  for (const topic of [...names].sort(compareTexts)) {
    const entry = publishers.get(topic);
    if (entry !== undefined) found.set(entry.module, [...(found.get(entry.module) ?? []), entry.publication]);
  }
  return found;
}
