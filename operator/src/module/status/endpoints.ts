import type { Module, ModuleStatus } from "@plinth/module";

/** Where a module is reached: by other modules, and from outside by the beginning that all its routes share. */
export function buildEndpoints({ metadata: { name, namespace = "default" }, spec }: Module): NonNullable<ModuleStatus["endpoints"]> {
  const { ports, routes = [] } = spec;
  const open = commonBeginning(routes.map(({ path }) => path));
  return {
    ...(ports?.http !== undefined && { http: `${name}.${namespace}.svc:${ports.http}` }),
    ...(ports?.grpc !== undefined && { grpc: `${name}.${namespace}.svc:${ports.grpc}` }),
    ...(open !== undefined && { public: open }),
  };
}

/** The segments with which all paths begin, as far as they are no patterns; undefined without paths. */
function commonBeginning(paths: readonly string[]): string | undefined {
  const [first, ...others] = paths.map(literalSegments);
  if (first === undefined) return undefined;
  const end = first.findIndex((segment, index) => others.some((other) => other[index] !== segment));
  return `/${(end === -1 ? first : first.slice(0, end)).join("/")}`;
}

function literalSegments(path: string): string[] {
  const segments = path.split("/").slice(1);
  const end = segments.findIndex((segment) => segment === "" || /[*{]/.test(segment));
  return end === -1 ? segments : segments.slice(0, end);
}
