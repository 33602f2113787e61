import type { Report } from "../finding.ts";
import { parsePathPattern } from "../path-pattern.ts";
import type { Module } from "../schema/module.ts";

/** Path templates can be taken apart, and a route that asks for a permission is not public. */
export function checkOwnRoutes(module: Module, report: Report): void {
  const { routes = [], calls = [] } = module.spec;
  for (const [index, route] of routes.entries()) {
    const path = ["spec", "routes", index];
    checkTemplate(route.path, [...path, "path"], report);
    if (route.permission !== undefined && route.auth === "public") {
      report({
        reason: "SchemaInvalid",
        path: [...path, "auth"],
        value: route.auth,
        message: "a route with a permission cannot be public: nobody could be asked for it",
        mend: "take auth or permission away",
      });
    }
  }
  for (const [index, call] of calls.entries()) {
    for (const [position, endpoint] of (call.endpoints ?? []).entries()) {
      checkTemplate(endpoint.path, ["spec", "calls", index, "endpoints", position, "path"], report);
    }
  }
}

function checkTemplate(template: string, path: readonly (string | number)[], report: Report): void {
  const invalid = (message: string, mend: string): void => report({ reason: "SchemaInvalid", path, value: template, message, mend });
  try {
    const names = parsePathPattern(template).segments.flatMap((segment) =>
      "name" in segment && segment.name !== undefined ? [segment.name] : [],
    );
    const repeated = names.find((name, index) => names.indexOf(name) !== index);
    if (repeated !== undefined) invalid(`the parameter {${repeated}} is there twice`, "give each parameter its own name");
  } catch {
    invalid("is no path template", "write a path as /api/v1/posts/{id}, without . and .. segments");
  }
}
