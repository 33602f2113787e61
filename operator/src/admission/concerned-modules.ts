import { databaseRoles, databaseSchema, type Module } from "@plinth/module";
import type { StandingModule } from "./standing-module.ts";

/**
 * Those of the others that can have a say in what is right or wrong with a module: all it depends on, however far, and who may claim the same. A review
 * thus costs the same however many Modules there are that have nothing to do with it.
 */
export function concernedBy(module: Module, others: readonly StandingModule[]): StandingModule[] {
  const needed = neededBy(module, others);
  const own = namesOf(module);
  const prefixes = routePrefixes(module);
  return others
    .filter(
      (other) =>
        needed.has(other.name) ||
        namesOf(other.module).some((name) => own.includes(name)) ||
        (prefixes.length > 0 && routePrefixes(other.module).some((prefix) => prefixes.some((mine) => mayMeet(mine, prefix)))),
    )
    .map((other) => ({ ...other, module: withClaims(other.module, needed.has(other.name)) }));
}

/** What a standing module holds. Whether it is right itself was decided before, among Modules that are not all looked at here. */
export function withClaims({ spec, ...module }: Module, isNeeded: boolean): Module {
  const { version, database, events, permissions, roles, routes, dependencies = [] } = spec;
  return {
    ...module,
    spec: {
      version,
      ...(database !== undefined && { database }),
      // Whoever is on the bus has roles on Postgres.
      ...(events !== undefined && { events: { publishes: events.publishes ?? [] } }),
      ...(permissions !== undefined && { permissions }),
      ...(roles !== undefined && { roles: roles.map((role) => ({ ...role, permissions: [] })) }),
      ...(routes !== undefined && { routes: routes.map(({ permission: _, ...route }) => route) }),
      ...(isNeeded && { dependencies: dependencies.map(({ version: _, ...dependency }) => dependency) }),
    },
  };
}

/** Names of everything that it depends on, and of whose permissions its roles grant. */
export function neededBy({ spec }: Module, others: readonly StandingModule[]): Set<string> {
  const byName = new Map(others.map((other) => [other.name, other.module]));
  const grants = (spec.roles ?? []).flatMap(({ permissions }) => permissions.map((grant) => grant.slice(0, grant.indexOf("."))));
  const needed = new Set([...(spec.dependencies ?? []).map(({ module }) => module), ...grants]);
  for (const name of needed) for (const { module } of byName.get(name)?.spec.dependencies ?? []) needed.add(module);
  return needed;
}

/** What two modules can both name, each marked by what it is. */
function namesOf(module: Module): string[] {
  const { events, roles } = module.spec;
  const schema = databaseSchema(module);
  return [
    ...(schema === undefined ? [] : [`schema ${schema}`]),
    ...databaseRoles(module).map((role) => `database role ${role}`),
    ...[...(events?.publishes ?? []), ...(events?.subscribes ?? [])].map(({ topic }) => `topic ${topic}`),
    ...(roles ?? []).map(({ name }) => `role ${name}`),
  ];
}

/** The segments of each route before the first that stands for more than itself. */
function routePrefixes({ spec }: Module): string[][] {
  return (spec.routes ?? []).map(({ path }) => {
    const segments = path.split("/");
    const open = segments.findIndex((segment) => /[*{]/.test(segment));
    return open === -1 ? segments : segments.slice(0, open);
  });
}

function mayMeet(one: readonly string[], other: readonly string[]): boolean {
  const length = Math.min(one.length, other.length);
  return one.slice(0, length).every((segment, index) => segment === other[index]);
}
