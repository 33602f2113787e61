import { GATEWAY_MODULE, type Module } from "@plinth/module";

/**
 * Names of the modules of which some of `names` may be neighbours, and of `names` themselves: who calls them or is called by them, who writes or reads
 * a topic that they write or read, and the gateway of modules with routes. A module may be given in several versions; those it is no longer related to must hear of it as well.
 */
export function relatedTo(names: ReadonlySet<string>, modules: readonly Module[]): Set<string> {
  const related = new Set(names);
  const shared = new Set<string>();
  for (const { metadata, spec } of modules) {
    if (!names.has(metadata.name)) continue;
    for (const { to } of spec.calls ?? []) related.add(to);
    if ((spec.routes ?? []).length > 0) related.add(GATEWAY_MODULE);
    for (const topic of topicsOf(spec)) shared.add(topic);
  }
  for (const { metadata, spec } of modules) {
    if (related.has(metadata.name)) continue;
    const calls = spec.calls?.some(({ to }) => names.has(to)) ?? false;
    if (calls || (shared.size > 0 && topicsOf(spec).some((topic) => shared.has(topic)))) related.add(metadata.name);
  }
  return related;
}

function topicsOf({ events }: Module["spec"]): string[] {
  return [...(events?.publishes ?? []), ...(events?.subscribes ?? [])].map(({ topic }) => topic);
}
